// An answer as a cross table: the values of one column down, of another across, and in the cells how many or how much.

import { choice, element } from "../page/dom";
import { text, written, type TextKey } from "../page/texts";
import { termCell } from "./cells";
import { columnNamed, columnOptions, numberColumns } from "./columns";
import { numberOf, termKey, type Term } from "./terms";
import type { Shown } from "./view";

const MOST_DOWN = 300;
const MOST_ACROSS = 60;
// A column with that many different values is no good heading.
const FEW = 30;

type Measure = "count" | "distinct" | "sum" | "mean" | "least" | "most";
const MEASURES: Measure[] = ["count", "distinct", "sum", "mean", "least", "most"];

/** What a measure says of the terms of a column in the rows of one cell. */
function measured(measure: Measure, terms: (Term | null)[]): number | null {
  const there = terms.filter((term): term is Term => term !== null);
  if (measure === "count") return terms.length;
  if (measure === "distinct") return new Set(there.map(termKey)).size;
  const numbers = there.map(numberOf).filter((number): number is number => number !== null);
  if (!numbers.length) return null;
  if (measure === "least") return Math.min(...numbers);
  if (measure === "most") return Math.max(...numbers);
  const sum = numbers.reduce((total, number) => total + number, 0);
  return measure === "sum" ? sum : sum / numbers.length;
}

export async function draw(place: HTMLElement, shown: Shown): Promise<void> {
  const { answer, choices } = shown;
  const [first, second] = headings(shown);
  const down = columnNamed(answer, choices.get("down"), first);
  const across = columnNamed(answer, choices.get("across"), second);
  const measure = MEASURES.find((name) => name === choices.get("measure")) ?? "count";
  const of = columnNamed(answer, choices.get("of"), numberColumns(answer)[0] ?? 0);
  const [downs, acrosses] = [valuesOf(shown, down), valuesOf(shown, across)];
  const [rows, columns] = [downs.slice(0, MOST_DOWN), acrosses.slice(0, MOST_ACROSS)];
  await shown.names.load([...rows, ...columns].flatMap((term) => (term?.kind === "iri" ? [term.value] : [])));

  const measures: [string, string][] = MEASURES.map((name) => [name, text(name as TextKey)]);
  const name = (at: number): string => answer.columns[at] ?? "";
  const about = choice(text("countOf"), columnOptions(answer), name(of), (value) => choices.set("of", value));
  about.hidden = measure === "count";
  place.append(
    element(
      "div",
      { class: "choices" },
      choice(text("down"), columnOptions(answer), name(down), (value) => choices.set("down", value)),
      choice(text("across"), columnOptions(answer), name(across), (value) => choices.set("across", value)),
      choice(text("measure"), measures, measure, (value) => choices.set("measure", value)),
      about,
    ),
    table(shown, { rows, columns, down, across, of, measure }),
  );
  const left = downs.length - rows.length + acrosses.length - columns.length;
  if (left) place.append(element("p", { class: "quiet" }, text("left", { number: left })));
}

/** Two columns to begin with: those of few different values, the fewest across. */
function headings(shown: Shown): [number, number] {
  const counts = shown.answer.columns.map((_, place) => ({ place, different: valuesOf(shown, place).length }));
  const good = counts.filter(({ different }) => different > 1 && different <= FEW);
  const [across, down] = (good.length > 1 ? good : counts).toSorted((one, other) => one.different - other.different);
  return [down?.place ?? across?.place ?? 0, across?.place ?? 0];
}

function valuesOf(shown: Shown, column: number): (Term | null)[] {
  const found = new Map<string, Term | null>();
  for (const row of shown.answer.rows) {
    const term = row[column] ?? null;
    found.set(term ? termKey(term) : "", term);
  }
  return [...found.values()];
}

interface Cross {
  rows: (Term | null)[];
  columns: (Term | null)[];
  down: number;
  across: number;
  of: number;
  measure: Measure;
}

function table(shown: Shown, cross: Cross): HTMLElement {
  const key = (term: Term | null): string => (term ? termKey(term) : "");
  const cells = new Map<string, (Term | null)[]>();
  const keep = (place: string, term: Term | null): void => {
    const held = cells.get(place);
    if (held) held.push(term);
    else cells.set(place, [term]);
  };
  for (const row of shown.answer.rows) {
    const [down, across] = [key(row[cross.down] ?? null), key(row[cross.across] ?? null)];
    const term = row[cross.of] ?? null;
    keep(JSON.stringify([down, across]), term);
    keep(JSON.stringify([down]), term);
  }
  const heading = (term: Term | null, tag: { scope: string }): HTMLElement =>
    element("th", tag, term ? shown.names.short(term) : text("unbound"));
  const number = (place: string): HTMLElement => {
    const value = cells.has(place) ? measured(cross.measure, cells.get(place) ?? []) : null;
    return element("td", { class: "number" }, value === null ? "" : written(value, 2));
  };
  const header = element(
    "tr",
    {},
    element("th", { scope: "col" }, shown.answer.columns[cross.down] ?? ""),
    ...cross.columns.map((term) => heading(term, { scope: "col" })),
    element("th", { scope: "col" }, text("total")),
  );
  const rows = cross.rows.map((term) =>
    element(
      "tr",
      {},
      term ? termCell(term, shown, "th") : heading(null, { scope: "row" }),
      ...cross.columns.map((other) => number(JSON.stringify([key(term), key(other)]))),
      number(JSON.stringify([key(term)])),
    ),
  );
  return element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": text("pivot") },
    element("table", { class: "pivot" }, element("thead", {}, header), element("tbody", {}, ...rows)),
  );
}
