// The field that a query is written in.

import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  type CompletionSource,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, indentOnInput, indentUnit } from "@codemirror/language";
import { setDiagnostics } from "@codemirror/lint";
import { EditorState, Prec, type Extension, type Transaction } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { look } from "./look";
import { language } from "./language";

export interface Code {
  text(): string;
  /** Put another query in; undo brings the former one back. */
  setText(text: string): void;
  /** Point at a place, which counts lines and characters from 1, and put the cursor there. */
  point(line: number, column: number, message: string): void;
  clearPoints(): void;
  focus(): void;
}

export interface CodeOptions {
  label: string;
  describedBy: string;
  complete: CompletionSource[];
  run: () => void;
}

/** A field for code in a place of the page.
 *
 * It lives in a shadow root: there its library styles it by constructed style sheets. In the page itself it would add
 * style elements, which the Content Security Policy refuses. Tab is not bound, so the keyboard is never caught. */
export function codeField(place: HTMLElement, text: string, options: CodeOptions): Code {
  const root = place.attachShadow({ mode: "open" });
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({ doc: text, extensions: extensions(options) }),
  });

  function point(line: number, column: number, message: string): void {
    const at = view.state.doc.line(Math.min(Math.max(line, 1), view.state.doc.lines));
    // The service counts characters, the editor UTF-16 units.
    const before = Array.from(at.text)
      .slice(0, column - 1)
      .join("");
    const from = Math.min(at.from + before.length, at.to);
    const word = /^[\p{L}\p{N}_:?$-]+|^./u.exec(at.text.slice(from - at.from))?.[0] ?? "";
    const [start, end] = word ? [from, from + word.length] : [Math.max(at.from, from - 1), from];
    view.dispatch(setDiagnostics(view.state, [{ from: start, to: end, severity: "error", message }]));
    view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
    view.focus();
  }

  function setText(query: string): void {
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: query } });
    showBeginning();
  }

  /** Show the query itself, behind the comments that it begins with. */
  function showBeginning(): void {
    const anchor = /^(?:#[^\n]*\n)*/.exec(view.state.doc.toString())?.[0].length ?? 0;
    view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "start" }) });
  }

  showBeginning();
  return {
    text: () => view.state.doc.toString(),
    setText,
    point,
    clearPoints: () => view.dispatch(setDiagnostics(view.state, [])),
    focus: () => view.focus(),
  };
}

function extensions({ label, describedBy, complete, run }: CodeOptions): Extension {
  const runKey = { key: "Mod-Enter", run: () => (run(), true) };
  return [
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightSpecialChars(),
    history(),
    drawSelection(),
    indentUnit.of("  "),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    autocompletion({ override: complete, maxRenderedOptions: 60 }),
    highlightActiveLine(),
    EditorView.lineWrapping,
    typingOverSelection,
    language,
    look,
    EditorView.contentAttributes.of({ "aria-label": label, "aria-description": describedBy }),
    Prec.highest(keymap.of([runKey])),
    keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap]),
  ];
}

/** Typing over a selection, without leaving it to the browser.
 *
 * Chromium would keep the look of what was selected by a style attribute, which the Content Security Policy refuses. */
const typingOverSelection = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to, empty } = view.state.selection.main;
    const typed = event.data;
    if (event.inputType !== "insertText" || event.isComposing || empty || !typed) return false;
    event.preventDefault();
    const insert = (): Transaction =>
      view.state.update(view.state.replaceSelection(typed), { userEvent: "input.type", scrollIntoView: true });
    const taken = view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, typed, insert));
    if (!taken) view.dispatch(insert());
    return true;
  },
});
