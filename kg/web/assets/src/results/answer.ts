// An answer, read line by line as it comes, so that no answer is too large to begin with.

import { cellTerm, tripleTerms, type Term } from "./terms";

export type Row = (Term | null)[];

export interface Answer {
  kind: "solutions" | "boolean" | "graph";
  /** The variables without `?`; of a graph: subject, predicate, object. */
  columns: string[];
  rows: Row[];
  /** The answer to an ASK; null for any other query. */
  boolean: boolean | null;
  /** Whether there are more rows than these. */
  more: boolean;
}

export const MOST_ROWS = 10_000;
const MOST_CHARACTERS = 50_000_000;

export const ACCEPT = "text/tab-separated-values, application/n-triples, application/problem+json;q=0.9";

/** The answer in a response; what is beyond `MOST_ROWS` is left unread.
 *
 * Rejects with a TypeError when the response breaks off, and with an AbortError when it is given up. */
export async function readAnswer(response: Response, graphColumns: string[]): Promise<Answer> {
  const isGraph = (response.headers.get("Content-Type") ?? "").startsWith("application/n-triples");
  const answer: Answer = {
    kind: isGraph ? "graph" : "solutions",
    columns: graphColumns,
    rows: [],
    boolean: null,
    more: false,
  };
  let first = !isGraph;
  for await (const line of linesOf(response, answer)) {
    if (first) {
      first = false;
      if (line === "true" || line === "false")
        return { ...answer, kind: "boolean", columns: [], boolean: line === "true" };
      answer.columns = line === "" ? [] : line.split("\t").map((name) => name.replace(/^\?/, ""));
      continue;
    }
    if (answer.rows.length >= MOST_ROWS) {
      answer.more = true;
      break;
    }
    const row = isGraph ? tripleTerms(line) : rowOf(line, answer.columns.length);
    if (row) answer.rows.push(row);
  }
  return answer;
}

function rowOf(line: string, width: number): Row {
  return width === 0 ? [] : line.split("\t").map(cellTerm);
}

/** The lines of a response; leaving the loop early cancels the response, and so stops the query. */
async function* linesOf(response: Response, answer: Answer): AsyncGenerator<string> {
  if (!response.body) return;
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let characters = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const part = decoder.decode(value, { stream: !done });
      characters += part.length;
      const lines = (rest + part).split(/\r?\n/);
      rest = done ? "" : (lines.pop() ?? "");
      // After the last line break comes nothing, not an empty row.
      if (done && lines.at(-1) === "") lines.pop();
      yield* lines;
      if (done) return;
      if (characters > MOST_CHARACTERS) {
        answer.more = true;
        return;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
