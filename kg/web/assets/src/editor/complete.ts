// What the editor offers while a query is typed: variables, prefixes, classes, properties, things, words of SPARQL.

import type { Completion, CompletionContext, CompletionResult, CompletionSource } from "@codemirror/autocomplete";
import type { EditorView } from "@codemirror/view";
import { text, written } from "../page/texts";
import { positionAt, type Expected, type Position } from "./position";
import { declaration, declared, prefixedName, type Prefixes } from "./prefixes";
import { suggestions, type Word, type Words } from "./words";

// Source: SPARQL 1.1 Query Language §19.8 and §17.4.
const KEYWORDS = (
  "SELECT CONSTRUCT DESCRIBE ASK WHERE PREFIX BASE DISTINCT REDUCED FROM NAMED GRAPH OPTIONAL UNION MINUS FILTER BIND " +
  "VALUES EXISTS NOT AS ORDER GROUP BY ASC DESC HAVING LIMIT OFFSET IN UNDEF a true false"
).split(" ");
const FUNCTIONS = (
  "COUNT SUM MIN MAX AVG SAMPLE GROUP_CONCAT STR LANG LANGMATCHES DATATYPE BOUND IRI BNODE RAND ABS CEIL FLOOR ROUND " +
  "CONCAT STRLEN UCASE LCASE ENCODE_FOR_URI CONTAINS STRSTARTS STRENDS STRBEFORE STRAFTER YEAR MONTH DAY HOURS MINUTES " +
  "SECONDS TIMEZONE NOW UUID STRUUID COALESCE IF STRLANG STRDT SAMETERM ISIRI ISBLANK ISLITERAL ISNUMERIC REGEX SUBSTR " +
  "REPLACE"
).split(" ");
const FEWEST_LETTERS = 2;
const PATIENCE_MILLISECONDS = 150;
const MOST_THINGS = 20;
const MOST_WORDS = 25;
// More than words differ by how well they fit what was typed.
const MISPLACED = 4;

/** Completes with what the service knows; `known` may come late, and nothing is offered from it until then. */
export function completions(known: () => Words, things: string): CompletionSource[] {
  const local = (context: CompletionContext): CompletionResult | null => localCompletions(context, known());
  const distant = (context: CompletionContext): Promise<CompletionResult | null> =>
    thingCompletions(context, known(), things);
  return things ? [local, distant] : [local];
}

function placed(context: CompletionContext): { position: Position; query: string } {
  return { position: positionAt(context.state.sliceDoc(0, context.pos)), query: context.state.doc.toString() };
}

function localCompletions(context: CompletionContext, known: Words): CompletionResult | null {
  const { position, query } = placed(context);
  const { expected, word, from } = position;
  if (expected === "nothing" || (word === "" && !context.explicit)) return null;
  if (expected === "variable") return { from, options: variables(query, word), validFor: /^[?$][\p{L}\p{N}_]*$/u };
  if (expected === "prefix") return { from, options: declarations(known.prefixes) };
  const prefixes = { ...known.prefixes, ...declared(query) };
  const found = known.words.flatMap((item) =>
    ranked(wordOption(item, prefixes, word), wordRank(item, prefixes, word, expected)),
  );
  if (!word.includes(":") && !word.startsWith("<")) found.push(...others(word, known.prefixes, expected));
  // Words come with the most used first, and a sort keeps that order among equals.
  const options = found.toSorted((one, other) => one.rank - other.rank).slice(0, MOST_WORDS);
  return options.length ? { from, options: options.map(({ option }) => option), filter: false } : null;
}

interface Ranked {
  option: Completion;
  /** The lower, the better it fits. */
  rank: number;
}

function ranked(option: Completion, rank: number | null): Ranked[] {
  return rank === null ? [] : [{ option, rank }];
}

/** How well a class or property fits what was typed and what is expected there; null: not at all. */
function wordRank(item: Word, prefixes: Prefixes, typed: string, expected: Expected): number | null {
  const misplaced = (expected === "class" || expected === "property") && item.role !== expected ? MISPLACED : 0;
  if (typed.startsWith("<")) return item.iri.toLowerCase().includes(typed.slice(1).toLowerCase()) ? misplaced : null;
  const name = prefixedName(item.iri, prefixes);
  const [local, label] = [(name?.local ?? item.iri).toLowerCase(), item.label.toLowerCase()];
  const colon = typed.indexOf(":");
  if (colon >= 0 && typed.slice(0, colon) !== name?.prefix) return null;
  const sought = typed.slice(colon + 1).toLowerCase();
  if (local.startsWith(sought)) return misplaced;
  if (label.split(/\s+/).some((part) => part.startsWith(sought))) return misplaced + 1;
  return local.includes(sought) || label.includes(sought) ? misplaced + 2 : null;
}

/** Prefixes and words of SPARQL that begin with what was typed; they are rarely meant where a class or property is. */
function others(typed: string, prefixes: Prefixes, expected: Expected): Ranked[] {
  const begins = (label: string): boolean => label.toLowerCase().startsWith(typed.toLowerCase());
  const rank = expected === "term" ? 0 : MISPLACED - 1;
  return [
    ...KEYWORDS.filter(begins).map((label) => ({ option: { label, type: "keyword" }, rank })),
    ...FUNCTIONS.filter(begins).map((label) => ({ option: { label, type: "function", apply: `${label}(` }, rank })),
    ...Object.entries(prefixes)
      .filter(([prefix]) => begins(prefix))
      .map(([prefix, iri]) => ({ option: prefixOption(prefix, iri), rank })),
  ];
}

function variables(query: string, word: string): Completion[] {
  const found = new Set(query.match(/[?$][\p{L}\p{N}_]+/gu));
  // What is being typed is no variable yet, unless it stands elsewhere too.
  if (query.split(word).length < 3) found.delete(word);
  return [...found].map((label) => ({ label, type: "variable" }));
}

function declarations(prefixes: Prefixes): Completion[] {
  return Object.entries(prefixes).map(([prefix, iri]) => ({
    label: `${prefix}:`,
    detail: iri,
    type: "namespace",
    apply: `${prefix}: <${iri}>`,
  }));
}

function prefixOption(prefix: string, iri: string): Completion {
  return {
    label: `${prefix}:`,
    detail: text("prefix"),
    info: iri,
    type: "namespace",
    apply: inserted(`${prefix}:`, prefix, iri),
  };
}

function wordOption(item: Word, prefixes: Prefixes, typed: string): Completion {
  const name = typed.startsWith("<") ? null : prefixedName(item.iri, prefixes);
  const label = name ? `${name.prefix}:${name.local}` : `<${item.iri}>`;
  const info = [item.definition, text("uses", { number: written(item.uses) })].filter(Boolean).join("\n");
  const apply = name ? inserted(label, name.prefix, prefixes[name.prefix] ?? "") : label;
  return { label, detail: item.label || text(item.role), info, type: item.role, apply };
}

/** Puts a name into the query, and the declaration of its prefix before it. */
function inserted(name: string, prefix: string, iri: string): Completion["apply"] {
  return (view: EditorView, _: Completion, from: number, to: number) => {
    const added = declaration(view.state.doc.toString(), prefix, iri);
    const shift = added && added.from <= from ? added.insert.length : 0;
    view.dispatch({
      changes: [...(added ? [added] : []), { from, to, insert: name }],
      selection: { anchor: from + shift + name.length },
      userEvent: "input.complete",
      scrollIntoView: true,
    });
  };
}

/** Things of the data by their names. They are sought by the service, so nothing is filtered here. */
async function thingCompletions(
  context: CompletionContext,
  known: Words,
  address: string,
): Promise<CompletionResult | null> {
  const { position, query } = placed(context);
  const { expected, word, from } = position;
  const typed = word.slice(word.indexOf(":") + 1);
  if (expected !== "term" || word.startsWith("<") || typed.length < FEWEST_LETTERS) return null;
  const gone = new AbortController();
  context.addEventListener("abort", () => gone.abort());
  await new Promise((resolve) => setTimeout(resolve, PATIENCE_MILLISECONDS));
  if (context.aborted) return null;
  const prefixes = { ...known.prefixes, ...declared(query) };
  const namespace = word.includes(":") ? prefixes[word.slice(0, word.indexOf(":"))] : undefined;
  const found = await suggestions(address, typed, gone.signal).catch(() => []);
  const options = found
    .filter(({ iri }) => !namespace || iri.startsWith(namespace))
    .toSorted((one, other) => Number(!one.kind) - Number(!other.kind)) // what no class tells of comes last
    .slice(0, MOST_THINGS)
    .map(({ iri, label, kind }): Completion => {
      const name = prefixedName(iri, prefixes);
      const put = name ? `${name.prefix}:${name.local}` : `<${iri}>`;
      const apply = name ? inserted(put, name.prefix, prefixes[name.prefix] ?? "") : put;
      return { label: put, displayLabel: label, detail: kind || text("thing"), info: iri, type: "constant", apply };
    });
  return options.length ? { from, options, filter: false } : null;
}
