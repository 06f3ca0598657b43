// Dates as precise as they are: a day, a month, a year, a season, an interval.
// Source: XML Schema 1.1 Part 2 §3.3.7–3.3.12; Extended Date/Time Format (EDTF) levels 0 and 1.

import { XSD, type Term } from "./terms";

/** What a date can mean: from the beginning of its first day to the end of its last, in milliseconds since 1970. */
export interface Span {
  start: number;
  end: number;
  /** Whether it is just one day or a moment of it. */
  exact: boolean;
}

const DAY = 24 * 3600 * 1000;
const TYPES = new Set(["date", "dateTime", "dateTimeStamp", "gYear", "gYearMonth"].map((name) => XSD + name));
const EDTF = "http://id.loc.gov/datatypes/edtf/";
const DATE = /^(-?\d{4,})(?:-(\d\d)(?:-(\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?)?)?(?:Z|[+-]\d\d:\d\d)?$/;
const CALENDAR_DAY = /^\d{4}-\d\d(?:-\d\d(?:T.*)?)?$/;
// The first month of spring, summer, autumn and winter (21 to 24), counted from 0; winter ends in the next year.
const SEASONS: Record<number, number> = { 21: 2, 22: 5, 23: 8, 24: 11 };
const UNSURE = /[~?%]/g;

/** When a term is; null where it is no date. */
export function spanOf(term: Term | null): Span | null {
  if (!term || term.kind !== "literal" || term.language) return null;
  const isDate = TYPES.has(term.datatype) || term.datatype.startsWith(EDTF);
  if (!isDate && !(term.datatype === "" && CALENDAR_DAY.test(term.value))) return null;
  const [from, to] = term.value.replace(UNSURE, "").split("/");
  const start = simpleSpan(from ?? "");
  if (to === undefined) return start;
  const end = simpleSpan(to);
  return start && end ? { start: start.start, end: end.end, exact: false } : (start ?? end);
}

function simpleSpan(text: string): Span | null {
  const unknown = /^(\d{3})X$|^(\d{2})XX$/.exec(text);
  if (unknown) {
    const [first, years] = unknown[1] ? [Number(unknown[1]) * 10, 10] : [Number(unknown[2]) * 100, 100];
    return between(first, 0, first + years, 0);
  }
  const found = DATE.exec(text.replace(/-XX/g, ""));
  if (!found) return null;
  const year = Number(found[1]);
  if (!found[2]) return between(year, 0, year + 1, 0);
  const month = Number(found[2]) - 1;
  const season = SEASONS[month + 1];
  if (season !== undefined) return between(year, season, year, season + 3);
  if (month > 11) return null;
  if (!found[3]) return between(year, month, year, month + 1);
  const start = utc(year, month, Number(found[3]));
  return { start, end: start + DAY, exact: true };
}

function between(year: number, month: number, endYear: number, endMonth: number): Span {
  return { start: utc(year, month, 1), end: utc(endYear, endMonth, 1), exact: false };
}

function utc(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  return date.getTime();
}
