// An answer in time: one line a row, a dot for a day, a bar for what is only known as a month, a year or an interval.

import { choice, element, shape } from "../page/dom";
import { text } from "../page/texts";
import type { Row } from "./answer";
import { termCell } from "./cells";
import { columnNamed, columnOptions, dateColumns, irisIn, namingColumn } from "./columns";
import { spanOf, type Span } from "./dates";
import type { Shown } from "./view";

const MOST_LINES = 400;
const MOST_TICKS = 8;
const NONE = "-";

interface Line {
  row: Row;
  span: Span;
  written: string;
}

export async function draw(place: HTMLElement, shown: Shown): Promise<void> {
  const { answer, choices } = shown;
  const dated = dateColumns(answer);
  if (!dated.length) {
    place.append(element("p", {}, text("noDates")));
    return;
  }
  const start = columnNamed(answer, choices.get("start"), dated[0] ?? 0);
  const end = choices.get("end") === NONE ? -1 : columnNamed(answer, choices.get("end"), endFor(start, dated, shown));
  const name = columnNamed(answer, choices.get("name"), namingColumn(answer, dated));
  const all = linesOf(answer.rows, start, end);
  const lines = all.slice(0, MOST_LINES);
  await shown.names.load(
    irisIn(
      lines.map((line) => line.row),
      [name],
    ),
  );

  const bare = answer.columns[end] ?? NONE;
  place.append(
    element(
      "div",
      { class: "choices" },
      choice(text("name"), columnOptions(answer), answer.columns[name] ?? "", (value) => choices.set("name", value)),
      choice(text("start"), columnOptions(answer, dated), answer.columns[start] ?? "", (value) =>
        choices.set("start", value),
      ),
      choice(text("end"), [[NONE, text("none")], ...columnOptions(answer, dated)], bare, (value) =>
        choices.set("end", value),
      ),
    ),
  );
  if (lines.length) place.append(table(lines, name, shown));
  const undated = answer.rows.length - all.length;
  if (undated) place.append(element("p", { class: "quiet" }, text("undated", { number: undated })));
  if (all.length > lines.length)
    place.append(element("p", { class: "quiet" }, text("left", { number: all.length - lines.length })));
}

/** The column of ends that goes with one of starts: the next of dates that is never before it and once after it. */
function endFor(start: number, dated: number[], shown: Shown): number {
  const fits = (place: number): boolean => {
    const later = shown.answer.rows.flatMap((row) => {
      const [from, to] = [spanOf(row[start] ?? null), spanOf(row[place] ?? null)];
      return from && to ? [to.end - from.end] : [];
    });
    return later.some((time) => time > 0) && later.every((time) => time >= 0);
  };
  return dated.find((place) => place > start && fits(place)) ?? -1;
}

function linesOf(rows: Row[], start: number, end: number): Line[] {
  const found = rows.flatMap((row) => {
    const from = spanOf(row[start] ?? null);
    const to = end < 0 ? null : spanOf(row[end] ?? null);
    if (!from) return [];
    const [first, last] = [brief(row[start]), brief(row[end])];
    const span = to
      ? { start: from.start, end: Math.max(from.end, to.end), exact: from.exact && to.end <= from.end }
      : from;
    return [{ row, span, written: to && first !== last ? `${first} – ${last}` : first }];
  });
  return found.sort((one, other) => one.span.start - other.span.start || one.span.end - other.span.end);
}

/** A date without seconds and time zone: the table has them. */
function brief(term: Row[number] | undefined): string {
  return (term?.value ?? "").replace(/T(\d\d:\d\d).*$/, " $1");
}

function table(lines: Line[], name: number, shown: Shown): HTMLElement {
  const start = Math.min(...lines.map((line) => line.span.start));
  const end = Math.max(...lines.map((line) => line.span.end));
  const share = (time: number): string => `${((100 * (time - start)) / (end - start)).toFixed(2)}%`;
  const ticks = ticksOf(start, end);
  const header = element(
    "tr",
    {},
    element("th", { scope: "col" }, shown.answer.columns[name] ?? ""),
    element("th", { scope: "col" }, text("date")),
    element("th", { class: "drawn", "aria-hidden": "true" }, axis(ticks, share)),
  );
  const rows = lines.map(({ row, span, written }) =>
    element(
      "tr",
      {},
      termCell(row[name], shown, "th"),
      element("td", { class: "date" }, written),
      element("td", { class: "drawn", "aria-hidden": "true" }, mark(span, ticks, share)),
    ),
  );
  return element(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": text("timeline") },
    element("table", { class: "timeline" }, element("thead", {}, header), element("tbody", {}, ...rows)),
  );
}

function mark(span: Span, ticks: Tick[], share: (time: number) => string): SVGElement {
  const lines = ticks.map(({ time }) =>
    shape("line", { class: "grid", x1: share(time), x2: share(time), y1: 0, y2: "100%" }),
  );
  const middle = share((span.start + span.end) / 2);
  const drawn = span.exact
    ? shape("circle", { class: "day", cx: middle, cy: 14, r: 5 })
    : shape(
        "svg",
        { x: share(span.start), width: width(span, share), height: 28, class: "span" },
        shape("rect", { x: 0.75, y: 9, width: "100%", height: 10, rx: 3 }),
      );
  return shape("svg", { class: "line", height: 28, width: "100%" }, ...lines, drawn);
}

function width(span: Span, share: (time: number) => string): string {
  const percent = parseFloat(share(span.end)) - parseFloat(share(span.start));
  return `${Math.max(percent, 0.8).toFixed(2)}%`;
}

interface Tick {
  time: number;
  name: string;
}

function axis(ticks: Tick[], share: (time: number) => string): SVGElement {
  const names = ticks.map(({ time, name }) => shape("text", { x: share(time), y: 15, dx: 3 }, name));
  return shape("svg", { class: "line", height: 20, width: "100%" }, ...names);
}

/** Beginnings of years, or of months where the years are few. */
function ticksOf(start: number, end: number): Tick[] {
  const [first, last] = [new Date(start).getUTCFullYear(), new Date(end).getUTCFullYear()];
  const months = (last - first + 1) * 12;
  const step =
    [1, 3, 6, 12, 24, 60, 120, 240, 600, 1200].find((size) => months / size <= MOST_TICKS) ??
    12 * Math.ceil(months / 96);
  const ticks: Tick[] = [];
  for (let month = 0; month <= months; month += step) {
    const date = new Date(0);
    date.setUTCFullYear(first, month, 1);
    const time = date.getTime();
    const name = step < 12 ? date.toISOString().slice(0, 7) : String(date.getUTCFullYear());
    if (time >= start && time <= end) ticks.push({ time, name });
  }
  return ticks;
}
