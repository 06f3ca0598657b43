// The stored questions as examples: sought by their words, and opened in the editor.

import { byId } from "../page/dom";

export interface Example {
  text: string;
  /** The view that shows its answer best; empty: none is said to. */
  view: string;
  /** What is chosen in that view. */
  choices: Record<string, string>;
}

interface Stored {
  text: string;
  /** How its header says that the answer is drawn: `kind`, and which column plays which part. */
  view: Record<string, string>;
}

// What the headers of stored queries call a view, and the choices in ours that its parts are.
const VIEWS: Record<string, [string, Record<string, string>]> = {
  bar: ["bars", { label: "category", value: "value" }],
  matrix: ["pivot", { row: "down", column: "across" }],
  network: ["graph", { from: "from", to: "to", label: "label" }],
  timeline: ["timeline", { label: "name", start: "start", end: "end" }],
};

/** Lets a list of links to examples open them without leaving the page. Without the service they stay links. */
export function examplesIn(list: HTMLElement, address: string, open: (example: Example) => void): void {
  let loaded: Promise<Record<string, Stored>> | null = null;
  const load = (): Promise<Record<string, Stored>> => (loaded ??= fetch(address).then((response) => response.json()));

  list.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>("a[data-example]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    void load()
      .then((examples) => {
        const found = examples[link.dataset.example ?? ""];
        if (!found) throw new Error(`${address} has no example ${link.dataset.example}`);
        list.removeAttribute("open");
        open({ text: found.text, ...viewOf(found) });
      })
      .catch(() => location.assign(link.href));
  });

  const filter = byId<HTMLInputElement>("example-filter");
  const field = filter.closest<HTMLElement>(".field");
  if (field) field.hidden = false;
  filter.addEventListener("input", () => showOnly(list, filter.value));
}

function showOnly(list: HTMLElement, words: string): void {
  const wanted = words.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  for (const section of list.querySelectorAll("section")) {
    for (const item of section.querySelectorAll("li")) {
      const content = item.textContent.toLocaleLowerCase();
      item.hidden = !wanted.every((word) => content.includes(word));
    }
    section.hidden = !section.querySelector("li:not([hidden])");
  }
}

function viewOf(stored: Stored): Omit<Example, "text"> {
  const [view, parts] = VIEWS[stored.view.kind ?? ""] ?? ["", {}];
  const choices = Object.entries(parts).flatMap(([part, choice]) => {
    const column = stored.view[part];
    return column ? [[choice, column]] : [];
  });
  return { view, choices: Object.fromEntries(choices) };
}
