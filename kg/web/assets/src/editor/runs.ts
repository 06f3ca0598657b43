// Running queries, one at a time: from the button to the answer in its panel.

import { text, written } from "../page/texts";
import { permalink } from "./address";
import { ask, type Outcome } from "./ask";
import type { Code } from "./code";
import type { Panel } from "./panel";

// Screen readers say each time anew how long it has been.
const TICK_MILLISECONDS = 5000;

export interface Buttons {
  run: HTMLButtonElement;
  stop: HTMLButtonElement;
}

export interface Runs {
  /** Run the query as it stands; `remember`: as a step that the browser can go back from. */
  run(options?: { remember: boolean }): Promise<void>;
  /** Stop what is running, if anything is. */
  stop(): void;
}

export interface RunsOptions {
  endpoint: string;
  /** The address of the editor. */
  editor: string;
  parameters: () => URLSearchParams;
  code: Code;
  /** The field of the form, which is kept in step. */
  field: HTMLTextAreaElement;
  panel: Panel;
  buttons: Buttons;
  /** Is done when names can be shortened. */
  ready: Promise<void>;
}

export function runsOf({ endpoint, editor, parameters, code, field, panel, buttons, ready }: RunsOptions): Runs {
  let running: AbortController | null = null;

  async function run({ remember } = { remember: true }): Promise<void> {
    running?.abort();
    const mine = (running = new AbortController());
    const asked = parameters();
    if (remember && location.search !== `?${asked}`) history.pushState(null, "", permalink(editor, asked));
    field.value = code.text();
    code.clearPoints();
    const end = busy(buttons, panel.say);
    const outcome = await ask(endpoint, asked, mine.signal).finally(() => end(running === mine));
    await ready;
    // Who has asked again meanwhile wants to see only the later answer.
    if (running !== mine) return;
    running = null;
    show(outcome, asked);
  }

  function show(outcome: Outcome, asked: URLSearchParams): void {
    if (outcome.kind === "answer") {
      panel.showAnswer(outcome.answer, outcome.seconds, (format) => download(endpoint, asked, format));
    } else if (outcome.kind === "stopped") {
      panel.say(text("stopped", { number: written(outcome.seconds, 1) }));
    } else {
      const { line, column, detail } = outcome.problem;
      const point = line ? () => code.point(line, column ?? 1, detail) : null;
      panel.showProblem(outcome.problem, point);
      point?.();
    }
  }

  return { run, stop: () => running?.abort() };
}

/** Shows that a query is running, and for how long; gives what ends that, which leaves the buttons to a later run. */
function busy(buttons: Buttons, say: (message: string) => void): (isLast: boolean) => void {
  const started = performance.now();
  const tell = (): void => say(text("running", { number: written((performance.now() - started) / 1000, 0) }));
  tell();
  const ticking = setInterval(tell, TICK_MILLISECONDS);
  buttons.stop.hidden = false;
  return (isLast) => {
    clearInterval(ticking);
    if (!isLast) return;
    if (document.activeElement === buttons.stop) buttons.run.focus();
    buttons.stop.hidden = true;
  };
}

/** The address of the same answer in a format. */
function download(endpoint: string, asked: URLSearchParams, format: string): string {
  const parameters = new URLSearchParams(asked);
  parameters.set("format", format);
  return `${endpoint}?${parameters}`;
}
