// Asking the service, and what can come of it.

import { text } from "../page/texts";
import { ACCEPT, readAnswer, type Answer } from "../results/answer";

/** What the service says when it does not answer. Source: RFC 9457 §3. */
export interface Problem {
  title: string;
  detail: string;
  remedy?: string;
  line?: number;
  column?: number;
}

export type Outcome =
  | { kind: "answer"; answer: Answer; seconds: number }
  | { kind: "problem"; problem: Problem }
  | { kind: "stopped"; seconds: number };

/** Ask a query. When the signal is given the connection ends, and the service stops computing. */
export async function ask(endpoint: string, parameters: URLSearchParams, signal: AbortSignal): Promise<Outcome> {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  try {
    const response = await fetch(endpoint, { method: "POST", headers: { Accept: ACCEPT }, body: parameters, signal });
    if (!response.ok) return { kind: "problem", problem: await problemIn(response) };
    const answer = await readAnswer(response, [text("subject"), text("predicate"), text("object")]);
    return { kind: "answer", answer, seconds: seconds() };
  } catch (error) {
    if (signal.aborted) return { kind: "stopped", seconds: seconds() };
    if (error instanceof TypeError) return { kind: "problem", problem: { title: text("lost"), detail: "" } };
    throw error;
  }
}

async function problemIn(response: Response): Promise<Problem> {
  const isProblem = (response.headers.get("Content-Type") ?? "").includes("json");
  return isProblem
    ? ((await response.json()) as Problem)
    : { title: `${response.status} ${response.statusText}`, detail: "" };
}
