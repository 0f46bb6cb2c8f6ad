// Asking a person before something is done.
import { createInterface } from "node:readline/promises";
import type { GlobalFlags } from "../configuration.ts";
import { Refusal } from "../errors.ts";

/** Shows what is to be done, and asks. Enter means yes. */
export async function confirmed(what: string): Promise<boolean> {
  return ["", "y", "yes"].includes(await answerTo(`${what}, continue? [Y/n] `));
}

/**
 * Asks before what cannot be undone, unless --yes-i-really-mean-it is given. Enter means no.
 * @throws Refusal when the answer is not yes, or nobody is there to answer
 */
export async function reallyMeant(danger: string, { yesIReallyMeanIt }: GlobalFlags): Promise<void> {
  if (yesIReallyMeanIt === true) return;
  const next = "if it is what you want: --yes-i-really-mean-it";
  if (!process.stdin.isTTY) throw new Refusal(danger, { next });
  if (!["y", "yes"].includes(await answerTo(`${danger}\nDo you want to continue? [y/N] `)))
    throw new Refusal("nothing was done", { next });
}

/** Ctrl-C and Ctrl-D mean no. */
async function answerTo(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const gone = new AbortController();
  for (const end of ["SIGINT", "close"]) lines.once(end, () => gone.abort());
  try {
    return (await lines.question(question, { signal: gone.signal })).trim().toLowerCase();
  } catch (error) {
    if (!gone.signal.aborted) throw error;
    console.error();
    return "no";
  } finally {
    lines.close();
  }
}
