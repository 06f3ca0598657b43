// The network in an answer: things, and the links between them that its rows or triples tell.

import type { Answer } from "./answer";
import { TYPE, type Term } from "./terms";

export interface Thing {
  term: Term;
  /** With how many others it is linked. */
  degree: number;
}

export interface Link {
  source: Thing;
  target: Thing;
  /** What links them; null where nothing says so. */
  by: Term | null;
  /** How many rows say so. */
  rows: number;
}

export interface Network {
  things: Thing[];
  links: Link[];
  /** How many links there are beyond these. */
  left: number;
}

/** The places of the columns that links go from, to, and are called by; -1: they have no name. */
export interface Ends {
  from: number;
  to: number;
  by: number;
}

const MOST_THINGS = 250;
const SEPARATOR = "\n";

/** The links between two columns, as long as there are not too many things.
 *
 * What a thing is an instance of makes no link in a graph: nearly all would hang together by their classes. */
export function networkOf(answer: Answer, ends: Ends): Network {
  const things = new Map<string, Thing>();
  const links = new Map<string, Link>();
  const left = new Set<string>();
  for (const row of answer.rows) {
    const [source, target, by] = [row[ends.from], row[ends.to], row[ends.by] ?? null];
    if (!isThing(source) || !isThing(target) || (answer.kind === "graph" && by?.value === TYPE)) continue;
    const key = [source.value, target.value, by?.value ?? ""].join(SEPARATOR);
    const known = links.get(key);
    if (known) {
      known.rows += 1;
      continue;
    }
    const added = new Set([source.value, target.value].filter((value) => !things.has(value))).size;
    if (things.size + added > MOST_THINGS) {
      left.add(key);
      continue;
    }
    const link = { source: thing(things, source), target: thing(things, target), by, rows: 1 };
    link.source.degree += 1;
    link.target.degree += 1;
    links.set(key, link);
  }
  return { things: [...things.values()], links: [...links.values()], left: left.size };
}

function isThing(term: Term | null | undefined): term is Term {
  return term?.kind === "iri" || term?.kind === "blank";
}

function thing(things: Map<string, Thing>, term: Term): Thing {
  const found = things.get(term.value) ?? { term, degree: 0 };
  things.set(term.value, found);
  return found;
}
