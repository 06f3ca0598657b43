// The words that a query can be completed with, as the service tells them.

import type { Prefixes } from "./prefixes";

export interface Word {
  iri: string;
  role: "class" | "property";
  label: string;
  definition: string;
  /** How many things are of the class, or how many statements have the property. */
  uses: number;
}

export interface Words {
  prefixes: Prefixes;
  words: Word[];
}

/** A thing of the data, as a search suggests it. */
export interface Suggestion {
  iri: string;
  label: string;
  kind: string;
}

type Listed = [string, Word["role"], string, string, number];

/** All words; none where the service does not answer, for the editor works without them. */
export async function loadWords(address: string): Promise<Words> {
  const response = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!response?.ok) return { prefixes: {}, words: [] };
  const { prefixes, words } = (await response.json()) as { prefixes: Prefixes; words: Listed[] };
  return {
    prefixes,
    words: words.map(([iri, role, label, definition, uses]) => ({ iri, role, label, definition, uses })),
  };
}

/** Things whose names fit what was typed. */
export async function suggestions(address: string, typed: string, signal: AbortSignal): Promise<Suggestion[]> {
  const url = new URL(address, location.href);
  url.searchParams.set("q", typed);
  const response = await fetch(url, { headers: { Accept: "application/json" }, signal });
  if (!response.ok) return [];
  return ((await response.json()) as { suggestions: Suggestion[] }).suggestions;
}
