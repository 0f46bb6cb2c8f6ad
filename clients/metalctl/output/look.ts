// How cells are shown: with icons and colours on a terminal, with words elsewhere, so that no script reads pictures.
import type { GlobalFlags } from "../configuration.ts";
import { durationOf } from "./duration.ts";

/** ECMA-48 section 8.3.117. */
const COLOURS = { red: 31, green: 32, yellow: 33, blue: 34, white: 37 } as const;
export type Colour = keyof typeof COLOURS;

export interface Look {
  /** Whether icons are shown instead of words. */
  readonly icons: boolean;
  /** Whether all of a text is shown. */
  readonly wide: boolean;
  /** How old an error may be to count, milliseconds. */
  readonly errorThreshold: number;
  /** Columns of the terminal; nothing when the output is none. */
  readonly columns: number | undefined;
  paint(colour: Colour, text: string): string;
}

const HOUR_MS = 3_600_000;

/** What the flags and the terminal say. NO_COLOR takes colours, not icons (https://no-color.org). */
export function lookOf(flags: GlobalFlags & { lastEventErrorThreshold?: string }, wide: boolean): Look {
  const icons = flags.forceColor === true || process.stdout.isTTY;
  const colours = flags.forceColor === true || (icons && !process.env["NO_COLOR"]);
  const threshold = flags.lastEventErrorThreshold;
  return {
    icons,
    wide,
    errorThreshold: threshold === undefined ? HOUR_MS : durationOf(threshold, "--last-event-error-threshold"),
    // Asked anew for each table: a terminal that is watched may change.
    get columns() {
      return process.stdout.isTTY ? process.stdout.columns : undefined;
    },
    paint: (colour, text) => (colours ? `\u001b[${COLOURS[colour]}m${text}\u001b[0m` : text),
  };
}
