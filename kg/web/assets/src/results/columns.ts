// Which columns of an answer hold what, so that a view can begin with a sensible choice.

import type { Answer, Row } from "./answer";
import { spanOf } from "./dates";
import { numberOf, type Term } from "./terms";

const LOOKED_AT = 500;

/** The places of the columns whose values are mostly such that a test holds. */
function mostly(answer: Answer, holds: (term: Term) => boolean): number[] {
  const rows = answer.rows.slice(0, LOOKED_AT);
  return answer.columns.flatMap((_, place) => {
    const terms = rows.map((row) => row[place]).filter((term): term is Term => !!term);
    return terms.length > 0 && terms.filter(holds).length * 2 > terms.length ? [place] : [];
  });
}

export const dateColumns = (answer: Answer): number[] => mostly(answer, (term) => spanOf(term) !== null);
export const numberColumns = (answer: Answer): number[] => mostly(answer, (term) => numberOf(term) !== null);
export const thingColumns = (answer: Answer): number[] => mostly(answer, (term) => term.kind === "iri");

/** The column that best says what a row is about, other than some. */
export function namingColumn(answer: Answer, other: number[]): number {
  const left = answer.columns.map((_, place) => place).filter((place) => !other.includes(place));
  const things = thingColumns(answer).filter((place) => left.includes(place));
  return things[0] ?? left[0] ?? 0;
}

/** The place of a column by its name, or else another one. */
export function columnNamed(answer: Answer, name: string | null, otherwise: number): number {
  const place = name === null ? -1 : answer.columns.indexOf(name);
  return place < 0 ? otherwise : place;
}

/** Columns as options of a choice. */
export function columnOptions(answer: Answer, places?: number[]): [string, string][] {
  return (places ?? answer.columns.map((_, place) => place)).map((place) => {
    const name = answer.columns[place] ?? "";
    return [name, name];
  });
}

/** The IRIs in some columns of some rows, each once. */
export function irisIn(rows: Row[], places?: number[]): string[] {
  const found = new Set<string>();
  for (const row of rows) {
    for (const term of places ? places.map((place) => row[place]) : row)
      if (term?.kind === "iri") found.add(term.value);
  }
  return [...found];
}
