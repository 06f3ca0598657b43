// An answer as bars: for each value of one column how many rows there are, or the sum of the numbers in another.

import { choice, element, shape } from "../page/dom";
import { text, written } from "../page/texts";
import { termCell } from "./cells";
import { columnNamed, columnOptions, namingColumn, numberColumns } from "./columns";
import { numberOf, termKey, type Term } from "./terms";
import type { Shown } from "./view";

const MOST_BARS = 100;
const ROWS = "#";

interface Bar {
  term: Term | null;
  value: number;
}

export async function draw(place: HTMLElement, shown: Shown): Promise<void> {
  const { answer, choices } = shown;
  const numbers = numberColumns(answer);
  const category = columnNamed(answer, choices.get("category"), namingColumn(answer, numbers));
  const chosen = choices.get("value");
  const value = chosen === ROWS ? -1 : columnNamed(answer, chosen, numbers.find((at) => at !== category) ?? -1);
  const bars = barsOf(shown, category, value);
  const drawn = bars.slice(0, MOST_BARS);
  await shown.names.load(drawn.flatMap(({ term }) => (term?.kind === "iri" ? [term.value] : [])));

  const values: [string, string][] = [[ROWS, text("count")], ...columnOptions(answer, numbers)];
  place.append(
    element(
      "div",
      { class: "choices" },
      choice(text("category"), columnOptions(answer), answer.columns[category] ?? "", (name) =>
        choices.set("category", name),
      ),
      choice(text("value"), values, answer.columns[value] ?? ROWS, (name) => choices.set("value", name)),
    ),
    table(drawn, answer.columns[category] ?? "", answer.columns[value] ?? text("count"), shown),
  );
  if (bars.length > drawn.length)
    place.append(element("p", { class: "quiet" }, text("left", { number: bars.length - drawn.length })));
}

/** The largest first. */
function barsOf(shown: Shown, category: number, value: number): Bar[] {
  const bars = new Map<string, Bar>();
  for (const row of shown.answer.rows) {
    const term = row[category] ?? null;
    const key = term ? termKey(term) : "";
    const bar = bars.get(key) ?? { term, value: 0 };
    bar.value += value < 0 ? 1 : (numberOf(row[value] ?? null) ?? 0);
    bars.set(key, bar);
  }
  return [...bars.values()].sort((one, other) => other.value - one.value);
}

function table(bars: Bar[], category: string, value: string, shown: Shown): HTMLElement {
  const least = Math.min(0, ...bars.map((bar) => bar.value));
  const most = Math.max(0, ...bars.map((bar) => bar.value));
  const share = (number: number): string => `${((100 * number) / (most - least || 1)).toFixed(2)}%`;
  const rows = bars.map((bar) =>
    element(
      "tr",
      {},
      bar.term ? termCell(bar.term, shown, "th") : element("th", { scope: "row", class: "quiet" }, text("unbound")),
      element("td", { class: "number" }, written(bar.value, 2)),
      element(
        "td",
        { class: "drawn", "aria-hidden": "true" },
        shape(
          "svg",
          { class: "line", height: 22, width: "100%" },
          shape("rect", {
            class: "bar",
            x: share(Math.min(bar.value, 0) - least),
            y: 4,
            width: share(Math.abs(bar.value)),
            height: 14,
            rx: 2,
          }),
        ),
      ),
    ),
  );
  const header = element(
    "tr",
    {},
    element("th", { scope: "col" }, category),
    element("th", { scope: "col" }, value),
    element("td", { class: "drawn" }),
  );
  return element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": text("bars") },
    element("table", { class: "bars" }, element("thead", {}, header), element("tbody", {}, ...rows)),
  );
}
