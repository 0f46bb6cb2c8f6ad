// sprig's functions of times and durations.
import { durationOf, goDuration, isDuration } from "../../duration.ts";
import { formatTime, parseTime } from "../dates.ts";
import type { Value } from "../values.ts";
import { callable, type Callable } from "./function.ts";
import { whole } from "./numbers.ts";

const DAY = "2006-01-02";
/** Go's zero time. */
const ZERO = new Date("0001-01-01T00:00:00Z");
const UNITS: readonly (readonly [unit: string, milliseconds: number])[] = [
  ["y", 365 * 86_400_000],
  ["mo", 30 * 86_400_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
];

/** A time, seconds since 1970 as a whole number, or else now. */
const timeOf = (value: Value): Date =>
  value instanceof Date ? value : typeof value === "bigint" ? new Date(Number(value) * 1000) : new Date();

/** A duration that may be negative, milliseconds. */
function spanOf(value: string): number {
  const [, sign = "", rest = ""] = /^([+-]?)(.*)$/s.exec(value)!;
  return durationOf(rest, "duration") * (sign === "-" ? -1 : 1);
}

const shortest = (span: number) => (span < 0 ? "-" : "") + goDuration(Math.abs(span));

/** In its largest unit alone. */
function rounded(value: Value): string {
  const span =
    typeof value === "string"
      ? isDuration(value.replace(/^[+-]/, ""))
        ? spanOf(value)
        : 0
      : value instanceof Date
        ? Date.now() - value.getTime()
        : typeof value === "bigint"
          ? Number(value) / 1e6
          : 0;
  const [unit, size] = UNITS.find((each) => Math.abs(span) > each[1]) ?? ["s", Number.POSITIVE_INFINITY];
  return `${Math.floor(Math.abs(span) / size)}${unit}`;
}

const moved = (span: string, time: Date) => new Date(time.getTime() + spanOf(span));
const movedIfPossible = (span: string, time: Date) =>
  isDuration(span.replace(/^[+-]/, "")) ? moved(span, time) : time;

function read(layout: string, value: string): Date {
  const time = parseTime(layout, value);
  if (!time) throw new Error(`"${value}" is no time like ${layout}`);
  return time;
}

const dateInZone = callable(["text", "any", "text"], (layout, time, zone) => formatTime(timeOf(time), layout, zone));
const dateModify = callable(["text", "time"], movedIfPossible);
const mustDateModify = callable(["text", "time"], moved);

export const TIMES: Readonly<Record<string, Callable>> = {
  now: callable([], () => new Date()),
  date: callable(["text", "any"], (layout, time) => formatTime(timeOf(time), layout)),
  dateInZone,
  date_in_zone: dateInZone,
  htmlDate: callable(["any"], (time) => formatTime(timeOf(time), DAY)),
  htmlDateInZone: callable(["any", "text"], (time, zone) => formatTime(timeOf(time), DAY, zone)),
  dateModify,
  date_modify: dateModify,
  mustDateModify,
  must_date_modify: mustDateModify,
  ago: callable(["any"], (time) => shortest(Math.round((Date.now() - timeOf(time).getTime()) / 1000) * 1000)),
  duration: callable(["any"], (seconds) =>
    shortest(typeof seconds === "string" || typeof seconds === "bigint" ? Number(whole(seconds)) * 1000 : 0),
  ),
  durationRound: callable(["any"], rounded),
  toDate: callable(["text", "text"], (layout, value) => parseTime(layout, value) ?? ZERO),
  mustToDate: callable(["text", "text"], read),
  unixEpoch: callable(["time"], (time) => String(Math.floor(time.getTime() / 1000))),
};
