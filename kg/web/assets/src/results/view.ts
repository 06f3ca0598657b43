// What every view of an answer is given, and how it draws.

import type { Answer } from "./answer";
import type { Names } from "./names";

/** What somebody has chosen in a view; it is kept in the address, so that a shared link shows the same. */
export interface Choices {
  get(name: string): string | null;
  set(name: string, value: string): void;
}

export interface Shown {
  answer: Answer;
  names: Names;
  choices: Choices;
  shorten: (iri: string) => string;
}

/** Fills a place in the page with a view of an answer; called anew when a choice changes. */
export type Draw = (place: HTMLElement, shown: Shown) => Promise<void> | void;
