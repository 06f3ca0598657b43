// What the address of the page says: the query and how it is asked, and after the # how its answer is looked at.

import type { Choices } from "../results/view";

/** The fields of the form beside the query that say how it is asked. */
const ASKED = ["timeout", "revision", "asOf", "default-graph-uri", "named-graph-uri"];
const VIEW = "view";

/** The parameters of a form that are filled in; the time limit only where it is not `usualTime`. */
export function askedParameters(form: HTMLFormElement, query: string, usualTime: string): URLSearchParams {
  const given = new FormData(form);
  const parameters = new URLSearchParams({ query });
  for (const name of ASKED) {
    for (const value of given.getAll(name)) {
      if (typeof value === "string" && value !== "" && !(name === "timeout" && value === usualTime))
        parameters.append(name, value);
    }
  }
  return parameters;
}

/** The address that opens this query again. */
export function permalink(editor: string, parameters: URLSearchParams): string {
  return `${editor}?${parameters}${location.hash}`;
}

/** The view that the address names; empty where it names none. */
export function namedView(): string {
  return hash().get(VIEW) ?? "";
}

/** Name a view in the address, and what is chosen in it; what was chosen in another one is dropped. */
export function nameView(view: string, choices: Record<string, string> = {}): void {
  replaceHash(new URLSearchParams({ [VIEW]: view, ...choices }));
}

/** What is chosen in the current view. */
export function choicesInAddress(changed: () => void): Choices {
  return {
    get: (name) => hash().get(name),
    set(name, value) {
      const parameters = hash();
      if (value) parameters.set(name, value);
      else parameters.delete(name);
      replaceHash(parameters);
      changed();
    },
  };
}

function hash(): URLSearchParams {
  return new URLSearchParams(location.hash.slice(1));
}

function replaceHash(parameters: URLSearchParams): void {
  history.replaceState(history.state, "", `${location.pathname}${location.search}#${parameters}`);
}
