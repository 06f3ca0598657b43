// The editor of the page /query. It takes the place of the plain form, whose fields stay where they are.

import { askedParameters, nameView, permalink } from "./editor/address";
import { codeField, type Code } from "./editor/code";
import { completions } from "./editor/complete";
import { examplesIn } from "./editor/examples";
import { panelIn, type Formats } from "./editor/panel";
import { declared, shortened } from "./editor/prefixes";
import { runsOf, type Buttons } from "./editor/runs";
import { loadWords, type Words } from "./editor/words";
import { byId, dataBlock, element } from "./page/dom";
import { text } from "./page/texts";
import { namesFrom } from "./results/names";

interface Settings {
  editor: string;
  endpoint: string;
  words: string;
  examples: string;
  names: string;
  suggestions: string;
  formats: Formats;
}

function start(): void {
  const settings = dataBlock<Settings>("editor-settings");
  const form = byId<HTMLFormElement>("editor");
  const field = byId<HTMLTextAreaElement>("query");
  let words: Words = { prefixes: {}, words: [] };
  const ready = loadWords(settings.words).then((loaded) => void (words = loaded));
  const shorten = (iri: string): string => shortened(iri, { ...words.prefixes, ...declared(code.text()) });
  const panel = panelIn(byId("answer-place"), settings.formats, namesFrom(settings.names, shorten), shorten);
  const code = codeInsteadOf(
    field,
    completions(() => words, settings.suggestions),
    () => void runs.run(),
  );
  const time = byId<HTMLSelectElement>("timeout");
  const usualTime = time.options[time.options.length - 1]?.value ?? "";
  const parameters = (): URLSearchParams => askedParameters(form, code.text(), usualTime);
  const buttons = buttonsIn(
    form,
    () => runs.stop(),
    () => void copyLink(permalink(settings.editor, parameters())),
  );
  const runs = runsOf({ ...settings, parameters, code, field, panel, buttons, ready });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void runs.run();
  });
  addEventListener("popstate", () => {
    const query = new URLSearchParams(location.search).get("query");
    if (query === null || query === code.text()) return;
    code.setText(query);
    void runs.run({ remember: false });
  });
  examplesIn(byId("examples"), settings.examples, ({ text: query, view, choices }) => {
    code.setText(query);
    nameView(view || "table", choices);
    void runs.run().then(() => code.focus());
  });
  if (new URLSearchParams(location.search).has("query")) void runs.run({ remember: false });
}

/** A field for code in place of a text area, which is still the field of the form. */
function codeInsteadOf(
  field: HTMLTextAreaElement,
  complete: Parameters<typeof codeField>[2]["complete"],
  run: () => void,
): Code {
  const place = element("div", { class: "editor-code" });
  field.before(place);
  field.hidden = true;
  field.required = false;
  return codeField(place, field.value, { label: text("editor"), describedBy: text("keys"), complete, run });
}

function buttonsIn(form: HTMLFormElement, stop: () => void, copyLink: () => void): Buttons {
  const runButton = form.querySelector("button");
  if (!runButton) throw new Error("the form #editor has no button; its template must have one");
  const stopButton = element("button", { type: "button", class: "stop", hidden: true, onclick: stop }, text("stop"));
  const copyButton = element("button", { type: "button", class: "secondary", onclick: copyLink }, text("copy"));
  runButton.after(stopButton, copyButton, element("span", { id: "editor-copied", class: "quiet", role: "status" }));
  byId("editor-keys").textContent = text("keys");
  return { run: runButton, stop: stopButton };
}

/** Puts a link to the query into the address bar, and copies it. */
async function copyLink(link: string): Promise<void> {
  history.replaceState(history.state, "", link);
  const copied = await copy(new URL(link, location.href).href);
  byId("editor-copied").textContent = text(copied ? "copied" : "notCopied");
}

async function copy(link: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(link);
    return true;
  } catch {
    return false; // without https, or where it is not allowed; the link stands in the address bar
  }
}

start();
