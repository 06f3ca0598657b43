// RDF terms as they stand in an answer: in a cell of TSV, or in a line of N-Triples.
// Source: SPARQL 1.1 Query Results CSV and TSV Formats §4; RDF 1.2 N-Triples §2 and §7.

export interface Term {
  kind: "iri" | "literal" | "blank" | "triple";
  /** The IRI, the lexical form, the label of a blank node without `_:`, or a triple as it is written. */
  value: string;
  /** The IRI of the datatype; empty for plain texts. */
  datatype: string;
  /** The language tag; empty where there is none. */
  language: string;
}

export const XSD = "http://www.w3.org/2001/XMLSchema#";
export const TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";

const NUMERIC = new Set(
  [
    "integer",
    "decimal",
    "double",
    "float",
    "int",
    "long",
    "short",
    "byte",
    "nonNegativeInteger",
    "positiveInteger",
  ].map((name) => XSD + name),
);
const ESCAPES: Record<string, string> = { t: "\t", b: "\b", n: "\n", r: "\r", f: "\f" };

/** The term of a cell of TSV; null for an empty cell. */
export function cellTerm(cell: string): Term | null {
  return cell === "" ? null : readTerm(cell, 0)[0];
}

/** The three terms of a line of N-Triples; null for a line without a triple. */
export function tripleTerms(line: string): [Term, Term, Term] | null {
  const start = skipSpaces(line, 0);
  if (start >= line.length || line[start] === "#") return null;
  const [subject, afterSubject] = readTerm(line, start);
  const [predicate, afterPredicate] = readTerm(line, skipSpaces(line, afterSubject));
  const [object] = readTerm(line, skipSpaces(line, afterPredicate));
  return [subject, predicate, object];
}

/** The number that a literal means; null where it is none. */
export function numberOf(term: Term | null): number | null {
  if (!term || term.kind !== "literal" || !NUMERIC.has(term.datatype)) return null;
  const number = Number(term.value);
  return Number.isFinite(number) ? number : null;
}

/** What tells two terms apart. */
export function termKey(term: Term): string {
  return `${term.kind} ${term.value} ${term.datatype} ${term.language}`;
}

function readTerm(text: string, from: number): [Term, number] {
  if (text.startsWith("<<", from)) return readTriple(text, from);
  if (text[from] === "<") {
    const end = text.indexOf(">", from);
    return [iri(text.slice(from + 1, end)), end + 1];
  }
  if (text[from] === '"') return readLiteral(text, from);
  const end = endOfWord(text, from);
  const word = text.slice(from, end);
  if (word.startsWith("_:")) return [{ kind: "blank", value: word.slice(2), datatype: "", language: "" }, end];
  return [literal(word, XSD + datatypeOf(word), ""), end];
}

function readLiteral(text: string, from: number): [Term, number] {
  let end = from + 1;
  while (end < text.length && text[end] !== '"') end += text[end] === "\\" ? 2 : 1;
  const value = unescaped(text.slice(from + 1, end));
  if (text[end + 1] === "@") {
    const after = endOfWord(text, end + 1);
    return [literal(value, "", text.slice(end + 2, after)), after];
  }
  if (text.startsWith("^^<", end + 1)) {
    const close = text.indexOf(">", end);
    const datatype = unescaped(text.slice(end + 4, close));
    return [literal(value, datatype === `${XSD}string` ? "" : datatype, ""), close + 1];
  }
  return [literal(value, "", ""), end + 1];
}

function readTriple(text: string, from: number): [Term, number] {
  let depth = 0;
  let place = from;
  do {
    if (text.startsWith("<<", place)) [depth, place] = [depth + 1, place + 2];
    else if (text.startsWith(">>", place)) [depth, place] = [depth - 1, place + 2];
    else if (text[place] === '"' || text[place] === "<") place = readTerm(text, place)[1];
    else place += 1;
  } while (depth > 0 && place < text.length);
  return [{ kind: "triple", value: text.slice(from, place), datatype: "", language: "" }, place];
}

function iri(written: string): Term {
  return { kind: "iri", value: unescaped(written), datatype: "", language: "" };
}

function literal(value: string, datatype: string, language: string): Term {
  return { kind: "literal", value, datatype, language };
}

function datatypeOf(word: string): string {
  if (word === "true" || word === "false") return "boolean";
  if (/^[+-]?\d+$/.test(word)) return "integer";
  return /^[+-]?\d*\.\d+$/.test(word) ? "decimal" : "double";
}

function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\(?:u([\dA-Fa-f]{4})|U([\dA-Fa-f]{8})|(.))/gs, (_, four, eight, sign: string) =>
    four || eight ? String.fromCodePoint(parseInt(four ?? eight, 16)) : (ESCAPES[sign] ?? sign),
  );
}

function skipSpaces(text: string, from: number): number {
  let place = from;
  while (text[place] === " " || text[place] === "\t") place += 1;
  return place;
}

function endOfWord(text: string, from: number): number {
  let place = from;
  while (place < text.length && text[place] !== " " && text[place] !== "\t") place += 1;
  return place;
}
