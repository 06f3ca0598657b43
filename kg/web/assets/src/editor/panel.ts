// What stands below the editor: how many rows in what time, the views of the answer, downloads; or what went wrong.

import { element } from "../page/dom";
import { counted, text, written, type TextKey } from "../page/texts";
import type { Answer } from "../results/answer";
import { dateColumns, numberColumns, thingColumns } from "../results/columns";
import type { Names } from "../results/names";
import type { Draw, Shown } from "../results/view";
import { choicesInAddress, nameView, namedView } from "./address";
import type { Problem } from "./ask";

const VIEWS = ["table", "timeline", "graph", "bars", "pivot"] as const;
type View = (typeof VIEWS)[number];

// Each view is loaded when it is first looked at.
const DRAWN_BY: Record<View, () => Promise<{ draw: Draw }>> = {
  table: () => import("../results/table"),
  timeline: () => import("../results/timeline"),
  graph: () => import("../results/graph"),
  bars: () => import("../results/bars"),
  pivot: () => import("../results/pivot"),
};

/** Formats by kind of answer: name, label and extension of each. */
export type Formats = Record<Answer["kind"], [string, string, string][]>;

export interface Panel {
  showAnswer(answer: Answer, seconds: number, download: (format: string) => string): void;
  showProblem(problem: Problem, point: (() => void) | null): void;
  /** A line about what is going on; what was shown before goes. */
  say(message: string): void;
}

export function panelIn(place: HTMLElement, formats: Formats, names: Names, shorten: (iri: string) => string): Panel {
  const status = element("p", { class: "quiet", role: "status" });
  const body = element("div");
  place.append(element("section", { "aria-label": text("answer"), class: "editor-answer" }, status, body));

  function say(message: string): void {
    status.textContent = message;
    body.replaceChildren();
  }

  function showProblem(problem: Problem, point: (() => void) | null): void {
    say("");
    const where =
      point && problem.line
        ? element(
            "button",
            { type: "button", class: "plain", onclick: point },
            text("place", { line: problem.line, column: problem.column ?? 1 }),
          )
        : null;
    body.append(
      element(
        "div",
        { class: "problem", role: "alert" },
        element("p", { class: "lead" }, problem.title),
        problem.detail ? element("p", {}, problem.detail) : null,
        where ? element("p", {}, where) : null,
        problem.remedy ? element("p", {}, element("strong", {}, text("remedy")), ` ${problem.remedy}.`) : null,
      ),
    );
  }

  function showAnswer(answer: Answer, seconds: number, download: (format: string) => string): void {
    const time = text("seconds", { number: written(seconds, seconds < 10 ? 2 : 0) });
    if (answer.kind === "boolean") {
      say(time);
      body.append(
        element("p", { class: "answer" }, text(answer.boolean ? "yes" : "no")),
        downloads(formats.boolean, download),
      );
      return;
    }
    const rows = answer.rows.length
      ? counted(answer.kind === "graph" ? "triples" : "rows", answer.rows.length)
      : text("nothing");
    say([answer.more ? text("moreHere", { rows }) : rows, time].join(" · "));
    // The page of the endpoint looks for what in the query has no match.
    const why = answer.rows.length ? null : element("p", {}, element("a", { href: download("html") }, text("why")));
    body.append(
      ...viewsOf({ answer, names, shorten }),
      ...(why ? [why] : []),
      downloads(formats[answer.kind], download),
    );
  }

  return { showAnswer, showProblem, say };
}

function viewsOf(given: Omit<Shown, "choices">): HTMLElement[] {
  if (!given.answer.rows.length || !given.answer.columns.length) return [];
  const host = element("div", { class: "view" });
  const shown: Shown = { ...given, choices: choicesInAddress(() => void redraw()) };
  const named = VIEWS.find((view) => view === namedView());
  const buttons = new Map(VIEWS.map((view) => [view, viewButton(view, given.answer, () => void choose(view))]));
  let turn = 0;

  /** Only what was asked for last is put in, whichever is ready first. */
  async function redraw(): Promise<void> {
    const mine = ++turn;
    const view = VIEWS.find((name) => name === namedView()) ?? "table";
    for (const [name, button] of buttons) button.setAttribute("aria-pressed", String(name === view));
    const drawn = element("div");
    const { draw } = await DRAWN_BY[view]();
    await draw(drawn, shown);
    if (mine !== turn) return;
    // A choice that was just made keeps the keyboard.
    const focused = [...host.querySelectorAll<HTMLElement>("select, th button")].indexOf(
      document.activeElement as HTMLElement,
    );
    host.replaceChildren(drawn);
    if (focused >= 0) host.querySelectorAll<HTMLElement>("select, th button")[focused]?.focus();
  }

  function choose(view: View): Promise<void> {
    if (view !== namedView()) nameView(view);
    return redraw();
  }

  void (named ? redraw() : choose("table"));
  return [element("div", { class: "views", role: "group", "aria-label": text("views") }, ...buttons.values()), host];
}

/** A view that an answer has nothing for can be chosen all the same: it says what it would need. */
function viewButton(view: View, answer: Answer, chosen: () => void): HTMLButtonElement {
  const fits: Record<View, boolean> = {
    table: true,
    timeline: dateColumns(answer).length > 0,
    graph: answer.kind === "graph" || thingColumns(answer).length > 1,
    bars: numberColumns(answer).length > 0 || answer.rows.length > 1,
    pivot: answer.columns.length > 1,
  };
  const attributes = {
    type: "button",
    class: fits[view] ? "view-name" : "view-name unfit",
    "aria-pressed": "false",
    onclick: chosen,
  };
  return element("button", attributes, text(view as TextKey));
}

function downloads(formats: [string, string, string][], address: (format: string) => string): HTMLElement {
  const links = formats.flatMap(([name, label, extension]) => [
    element("a", { href: address(name), download: `answer.${extension}` }, label),
    " ",
  ]);
  return element("p", { class: "downloads" }, `${text("downloads")} `, ...links);
}
