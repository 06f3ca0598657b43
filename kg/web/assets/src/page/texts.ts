// The texts that scripts show. The page holds them in its language, in the block #editor-texts.

import { dataBlock } from "./dom";

const KEYS = [
  "editor",
  "keys",
  "stop",
  "copy",
  "copied",
  "notCopied",
  "running",
  "stopped",
  "lost",
  "place",
  "remedy",
  "rows_one",
  "rows_other",
  "triples_one",
  "triples_other",
  "moreHere",
  "showMore",
  "seconds",
  "answer",
  "views",
  "table",
  "timeline",
  "graph",
  "bars",
  "pivot",
  "downloads",
  "yes",
  "no",
  "nothing",
  "why",
  "subject",
  "predicate",
  "object",
  "unbound",
  "sortBy",
  "start",
  "end",
  "none",
  "name",
  "date",
  "noDates",
  "undated",
  "left",
  "category",
  "value",
  "count",
  "countOf",
  "distinct",
  "sum",
  "mean",
  "least",
  "most",
  "noLinks",
  "network",
  "tooManyThings",
  "zoomIn",
  "zoomOut",
  "whole",
  "from",
  "to",
  "label",
  "across",
  "down",
  "measure",
  "uses",
  "thing",
  "class",
  "property",
  "prefix",
  "total",
  "links",
] as const;

export type TextKey = (typeof KEYS)[number];
export type Texts = Record<TextKey, string>;

let texts: Texts | null = null;

/** A text in the language of the page, with values in place of `{name}`.
 *
 * Throws an Error that names a text which the template lacks. */
export function text(key: TextKey, values: Record<string, string | number> = {}): string {
  texts ??= checked(dataBlock<Texts>("editor-texts"));
  return texts[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

function checked(found: Texts): Texts {
  const missing = KEYS.filter((key) => !found[key]);
  if (missing.length) throw new Error(`the block #editor-texts lacks ${missing.join(", ")}; add them to its template`);
  return found;
}

/** A number as it is written in the language of the page. */
export function written(number: number, digits = 0): string {
  const locale = document.documentElement.lang || "en";
  return new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(number);
}

/** The form of a text that goes with a number, of `…_one` and `…_other`. */
export function counted(key: "rows" | "triples", number: number): string {
  return text(number === 1 ? `${key}_one` : `${key}_other`, { number: written(number) });
}
