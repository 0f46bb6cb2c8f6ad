const UNITS: readonly [string, number][] = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
];

/** How long ago, in two units: "7d 2h", "1h 5m", "2m 18s". Empty for an unset time. */
export function age(time: string | undefined | null, now: number = Date.now()): string {
  const at = Date.parse(time ?? "");
  // The zero time of Go, 0001-01-01, means unset.
  if (Number.isNaN(at) || at <= 0) return "";
  return span(now - at);
}

/** A duration in milliseconds in the first two of its units that are not 0, as the original prints them. */
export function span(milliseconds: number): string {
  let seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const parts = UNITS.map(([unit, size]) => {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    return count > 0 ? `${count}${unit}` : "";
  }).filter(Boolean);
  return parts.slice(0, 2).join(" ") || "0s";
}

const ELLIPSIS = "...";

/** Cuts a text to `length` characters at its end. */
export function truncate(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, length - ELLIPSIS.length) + ELLIPSIS;
}

/** Cuts a text to `length` characters in its middle: of names the end counts, too. */
export function truncateMiddle(text: string, length: number): string {
  if (text.length <= length) return text;
  const kept = length - ELLIPSIS.length;
  return text.slice(0, Math.ceil(kept / 2)) + ELLIPSIS + text.slice(text.length - Math.floor(kept / 2));
}

/** Bytes in the units of SI, as the original prints them: "4.3 GB", "17 GB". */
export function bytes(count: number): string {
  if (count < 10) return `${count} B`;
  const exponent = Math.min(6, Math.floor(Math.log10(count) / 3));
  const value = Math.floor((count / 1000 ** exponent) * 10 + 0.5) / 10;
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${["B", "kB", "MB", "GB", "TB", "PB", "EB"][exponent]}`;
}

/** "2026-11-24 02:52:33": a time as the API has it, without its fraction. */
export const dateTime = (time: string): string => time.slice(0, 19).replace("T", " ");

/** RFC 1123, as the original prints times of events. */
export function longTime(time: string): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? time : at.toUTCString().replace("GMT", "UTC");
}
