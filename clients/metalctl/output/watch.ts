// `--watch` of lists: the list again and again. On a terminal the new stands in the place of the old; elsewhere it follows
// it, and only when something has changed.
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import type { GlobalFlags } from "../configuration.ts";
import { explain } from "../explain.ts";
import { Refusal } from "../errors.ts";
import { durationOf } from "./duration.ts";
import { print } from "./printer.ts";

const SHORTEST_MS = 500;
/** ECMA-48: cursor home, erase what is below, erase to the end of a line. */
const HOME = "\u001b[H";
const ERASE_BELOW = "\u001b[J";
const ERASE_LINE = "\u001b[K";

/** Lets a list be watched. */
export function watchable(command: Command): Command {
  return command
    .option("-w, --watch", "show the list again and again until you end it")
    .option("--interval <duration>", "how long --watch waits", "2s");
}

/** Prints a list, once or again and again. An API that is away for a while ends no watch. */
export async function show(
  flags: GlobalFlags & { watch?: unknown; interval?: unknown },
  list: () => Promise<string>,
): Promise<void> {
  if (flags.watch !== true) return print(await list());
  const wait = durationOf(String(flags.interval), "--interval");
  if (wait < SHORTEST_MS) throw new Refusal(`--interval: ask at most every ${SHORTEST_MS} ms`);
  // What is wrong from the beginning is no news to wait for.
  let text = await list();
  let before: string | undefined;
  for (;;) {
    if (process.stdout.isTTY) console.log(onScreen(text));
    else if (text !== before) console.log(text);
    before = text;
    await sleep(wait);
    text = await list().catch((error: Error) => explain(error));
  }
}

/** As much as the screen holds, from its first line on. */
function onScreen(text: string): string {
  const { rows } = process.stdout;
  const head = `${new Date().toLocaleTimeString()}, end with Ctrl-C`;
  const lines = [head, "", ...text.split("\n")];
  const shown = lines.length < rows ? lines : [...lines.slice(0, rows - 2), `… ${lines.length - rows + 2} more lines`];
  return HOME + shown.map((line) => line + ERASE_LINE).join("\n") + ERASE_BELOW;
}
