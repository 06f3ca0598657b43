// Where in a query the cursor stands: what kind of thing is expected there.

export type Expected = "nothing" | "prefix" | "variable" | "property" | "class" | "term";

export interface Position {
  expected: Expected;
  /** The word before the cursor, and where it begins. */
  word: string;
  from: number;
}

// Source: SPARQL 1.1 Query Language §19.8, loosely: what is being typed is not whole yet.
const LOCAL = /[^\s;,.{}()[\]<>"'|/^*+?!=&]*/u.source;
const TOKEN = new RegExp(
  [
    /#[^\n]*/, // a comment
    /"""(?:[^\\]|\\.)*?(?:"""|$)|\x27\x27\x27(?:[^\\]|\\.)*?(?:\x27\x27\x27|$)/, // a text over several lines
    /"(?:[^"\\\n]|\\.)*(?:"|$)|\x27(?:[^\x27\\\n]|\\.)*(?:\x27|$)/, // a text
    /<[^<>"{}|^`\\\s]*>?/, // an IRI
    /[?$][\p{L}\p{N}_]*/u, // a variable
    /@[A-Za-z0-9-]+/, // a language tag
    new RegExp(`[\\p{L}_][\\p{L}\\p{N}_.-]*(?::${LOCAL})?|:${LOCAL}`, "u"), // a word or a prefixed name
    /[\d.]*\d/, // a number
    /./, // a sign
  ]
    .map((part) => part.source)
    .join("|"),
  "gsu",
);
const CONDITIONS = ["FILTER", "BIND", "HAVING"];
const KEYWORDS = new Set(
  (
    "SELECT WHERE OPTIONAL UNION MINUS GRAPH SERVICE VALUES DISTINCT REDUCED AS CONSTRUCT DESCRIBE ASK ORDER GROUP BY " +
    "LIMIT OFFSET FROM NAMED NOT EXISTS PREFIX BASE"
  ).split(" "),
);

/** What is expected at the end of the text before a cursor. */
export function positionAt(before: string): Position {
  const tokens = [...before.matchAll(TOKEN)];
  const last = tokens.at(-1);
  const token = last?.[0] ?? "";
  const isWord = /^[\p{L}\p{N}_:?$<]/u.test(token) && !/^<.*>$/.test(token);
  const word = isWord ? token : "";
  const from = before.length - word.length;
  const earlier = tokens.slice(0, isWord ? -1 : undefined).map(([text]) => text);
  return { expected: expectedAfter(earlier, token), word, from };
}

function expectedAfter(earlier: string[], token: string): Expected {
  if (/^(#|"|'|@)/.test(token) && !/^(".*"|'.*')$/s.test(token)) return "nothing";
  if (/^[?$]/.test(token)) return "variable";
  if (/^PREFIX$/i.test(earlier.filter((text) => text.trim()).at(-1) ?? "")) return "prefix";
  return placeInTriple(earlier.filter((text) => text.trim() && !text.startsWith("#")));
}

/** Counts the terms since the last triple, property list or group began. */
function placeInTriple(tokens: string[]): Expected {
  let terms = 0;
  let depth = 0;
  let inCondition = false;
  let previous = "";
  for (const token of tokens) {
    if (token === "{" || token === "}") [terms, depth, inCondition] = [0, 0, false];
    else if (token === "(" || token === "[") depth += 1;
    else if (token === ")" || token === "]") {
      depth = Math.max(0, depth - 1);
      if (depth === 0) [terms, inCondition] = [inCondition ? 0 : terms + 1, false];
    } else if (depth > 0) continue;
    else if (token === ".") terms = 0;
    else if (token === ";") terms = 1;
    else if (token === ",") terms = 2;
    else if (CONDITIONS.includes(token.toUpperCase())) inCondition = true;
    else if (!KEYWORDS.has(token.toUpperCase()) && !/^[/|^*+?!]$/.test(token) && !/^[/|^]$/.test(previous)) terms += 1;
    previous = token;
  }
  if (depth > 0 && !inCondition) return "term";
  if (terms === 1 || /^[/|^]$/.test(previous)) return "property";
  return terms === 2 && (previous === "a" || previous === "rdf:type") ? "class" : "term";
}
