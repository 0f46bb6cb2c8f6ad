// Asking a person before something is done.
import { createInterface } from "node:readline/promises";
import type { GlobalFlags } from "../configuration.ts";
import { Refusal } from "../errors.ts";

/** Shows what is to be done, and asks. Enter means yes. */
export async function confirmed(what: string): Promise<boolean> {
  return ["", "y", "yes"].includes(await answerTo(`${what}\n\ncontinue? [Y/n] `));
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

async function answerTo(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(question)).trim().toLowerCase();
  } finally {
    lines.close();
  }
}
