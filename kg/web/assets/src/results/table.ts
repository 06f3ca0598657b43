// An answer as a table: rows as the query orders them, or sorted by a column.

import { element } from "../page/dom";
import { text } from "../page/texts";
import type { Row } from "./answer";
import { termCell } from "./cells";
import { irisIn } from "./columns";
import { numberOf, type Term } from "./terms";
import type { Shown } from "./view";

const PAGE = 100;

export async function draw(place: HTMLElement, shown: Shown): Promise<void> {
  const { answer, choices } = shown;
  const sorted = /^(-?)(.+)$/.exec(choices.get("sort") ?? "");
  const column = answer.columns.indexOf(sorted?.[2] ?? "");
  const rows = column < 0 ? answer.rows : inOrder(answer.rows, column, sorted?.[1] === "-");
  const body = element("tbody");
  const more = element("button", { type: "button", class: "secondary", onclick: () => void addRows() });
  let drawn = 0;

  async function addRows(): Promise<void> {
    const next = rows.slice(drawn, drawn + PAGE);
    const first = drawn;
    drawn += next.length;
    await shown.names.load(irisIn(next));
    body.append(...next.map((row) => element("tr", {}, ...answer.columns.map((_, at) => termCell(row[at], shown)))));
    more.hidden = drawn >= rows.length;
    more.textContent = text("showMore", { number: Math.min(PAGE, rows.length - drawn) });
    // Who reads with the keyboard goes on at the first new row.
    if (first > 0) focusRow(body.rows[first]);
  }

  await addRows();
  const header = answer.columns.map((name, at) =>
    headerCell(name, at === column ? (sorted?.[1] ?? "") : null, choices),
  );
  place.append(
    element(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": text("table") },
      element("table", {}, element("thead", {}, element("tr", {}, ...header)), body),
    ),
    more,
  );
}

function focusRow(row: HTMLTableRowElement | undefined): void {
  if (!row) return;
  row.tabIndex = -1;
  row.focus();
}

function headerCell(name: string, direction: string | null, choices: Shown["choices"]): HTMLElement {
  const sign = direction === null ? "" : direction === "-" ? " ↓" : " ↑";
  const next = direction === null ? name : direction === "" ? `-${name}` : "";
  const order = direction === null ? undefined : direction === "-" ? "descending" : "ascending";
  return element(
    "th",
    { scope: "col", "aria-sort": order },
    element(
      "button",
      { type: "button", class: "plain", title: text("sortBy", { name }), onclick: () => choices.set("sort", next) },
      name + sign,
    ),
  );
}

/** Rows in the order of a column: numbers by size, everything else by alphabet; rows without a value come last. */
function inOrder(rows: Row[], column: number, descending: boolean): Row[] {
  const compare = new Intl.Collator(document.documentElement.lang || "en", { numeric: true }).compare;
  const sign = descending ? -1 : 1;
  return rows.toSorted((one, other) => {
    const [a, b] = [one[column] ?? null, other[column] ?? null];
    if (!a || !b) return Number(!a) - Number(!b);
    return sign * compareTerms(a, b, compare);
  });
}

function compareTerms(a: Term, b: Term, compare: (a: string, b: string) => number): number {
  const [left, right] = [numberOf(a), numberOf(b)];
  return left !== null && right !== null ? left - right : compare(a.value, b.value);
}
