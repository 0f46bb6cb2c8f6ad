const UNITS: readonly [string, number][] = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
];

/** How long ago, in its two largest units: "7d", "1h 5m", "2m 18s". Empty for an unset time. */
export function age(time: string | undefined | null, now: number = Date.now()): string {
  const at = Date.parse(time ?? "");
  // The zero time of Go, 0001-01-01, means unset.
  if (Number.isNaN(at) || at <= 0) return "";
  return span(now - at);
}

/** A duration in milliseconds in its two largest units; days stand alone, as the original prints them. */
export function span(milliseconds: number): string {
  let seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const parts: string[] = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (count > 0) parts.push(`${count}${unit}`);
    if (unit === "d" && count > 1) break;
    if (parts.length === 2) break;
  }
  return parts.join(" ") || "0s";
}

/** Cuts a text to `length` characters, with "…" as the last when something was cut. */
export function truncate(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
