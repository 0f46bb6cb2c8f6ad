// Durations as Go writes and reads them: "1h30m"; days and weeks are read too.
import { Refusal } from "../errors.ts";

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const PART = /(\d+(?:\.\d+)?)(ms|[smhdw])/g;

/** True for "1h", "1h30m" and "7d". */
export function isDuration(text: string): boolean {
  return text !== "" && text.replaceAll(PART, "") === "";
}

/** Milliseconds. @param flag is named in the error of a text that is none */
export function durationOf(text: string, flag: string): number {
  if (!isDuration(text)) throw new Refusal(`${flag}: "${text}" is no duration such as 90s, 1h30m or 7d`);
  return [...text.matchAll(PART)].reduce((sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!, 0);
}

/** Milliseconds as Go prints them: "0s", "120ms", "1.5s", "2m0s". */
export function goDuration(milliseconds: number): string {
  if (milliseconds <= 0) return "0s";
  if (milliseconds < 1_000) return `${milliseconds}ms`;
  const hours = Math.floor(milliseconds / UNITS["h"]!);
  const minutes = Math.floor((milliseconds % UNITS["h"]!) / UNITS["m"]!);
  const seconds = (milliseconds % UNITS["m"]!) / 1_000;
  return (hours > 0 ? `${hours}h` : "") + (hours + minutes > 0 ? `${minutes}m` : "") + `${seconds}s`;
}
