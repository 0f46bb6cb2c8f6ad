// Times in Go's layouts: "2006-01-02 15:04:05" says how the moment of that example looks (Go's package time).

const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** Longer ones first: what stands for what in a layout. */
const PARTS =
  /2006|January|Jan|Monday|Mon|MST|Z07:00|Z0700|-07:00|-0700|-07|[.,](?:0+|9+)(?!\d)|__2|002|01|02|03|04|05|06|15|_2|PM|pm|1|2|3|4|5/g;

interface Moment {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
  readonly weekday: number;
  /** Minutes east of Greenwich. */
  readonly offset: number;
  readonly zone: string;
}

const two = (value: number) => String(value).padStart(2, "0");

/** The fields of a time in a zone ("Local", "UTC", "Europe/Berlin"); one that is not known is UTC. */
function momentOf(time: Date, zone: string): Moment {
  const known = zone === "Local" ? undefined : isZone(zone) ? zone : "UTC";
  const shown = new Intl.DateTimeFormat("en-US", {
    ...(known && { timeZone: known }),
    timeZoneName: "short",
    calendar: "gregory",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const parts = Object.fromEntries(shown.formatToParts(time).map(({ type, value }) => [type, value]));
  const [year, month, day, hour, minute, second] = ["year", "month", "day", "hour", "minute", "second"].map((name) =>
    Number(parts[name]),
  ) as [number, number, number, number, number, number];
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  return {
    year,
    month,
    day,
    hour,
    minute,
    second,
    millisecond: time.getUTCMilliseconds(),
    weekday: new Date(local).getUTCDay(),
    offset: Math.round((local - Math.floor(time.getTime() / 1000) * 1000) / 60_000),
    zone: (parts["timeZoneName"] ?? "UTC").replace(/^GMT$/, "UTC"),
  };
}

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

function offsetOf({ offset }: Moment, colon: string): string {
  const minutes = Math.abs(offset);
  return `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}${colon}${two(minutes % 60)}`;
}

/** A time in a layout. */
export function formatTime(time: Date, layout: string, zone = "Local"): string {
  const moment = momentOf(time, zone);
  const { year, month, day, hour, minute, second, weekday } = moment;
  const dayOfYear = Math.round((Date.UTC(year, month - 1, day) - Date.UTC(year, 0, 1)) / 86_400_000) + 1;
  const shown: Readonly<Record<string, () => string | number>> = {
    "2006": () => String(year).padStart(4, "0"),
    "06": () => two(year % 100),
    January: () => MONTHS[month - 1]!,
    Jan: () => MONTHS[month - 1]!.slice(0, 3),
    "01": () => two(month),
    "1": () => month,
    Monday: () => DAYS[weekday]!,
    Mon: () => DAYS[weekday]!.slice(0, 3),
    "02": () => two(day),
    _2: () => String(day).padStart(2),
    "2": () => day,
    "002": () => String(dayOfYear).padStart(3, "0"),
    __2: () => String(dayOfYear).padStart(3),
    "15": () => two(hour),
    "03": () => two(hour % 12 || 12),
    "3": () => hour % 12 || 12,
    "04": () => two(minute),
    "4": () => minute,
    "05": () => two(second),
    "5": () => second,
    PM: () => (hour < 12 ? "AM" : "PM"),
    pm: () => (hour < 12 ? "am" : "pm"),
    MST: () => moment.zone,
    "Z07:00": () => (moment.offset === 0 ? "Z" : offsetOf(moment, ":")),
    Z0700: () => (moment.offset === 0 ? "Z" : offsetOf(moment, "")),
    "-07:00": () => offsetOf(moment, ":"),
    "-0700": () => offsetOf(moment, ""),
    "-07": () => offsetOf(moment, "").slice(0, 3),
  };
  return layout.replaceAll(PARTS, (part) => {
    if (shown[part]) return String(shown[part]());
    // ".000" has all digits, ".999" none that are 0 at the end.
    const digits = String(moment.millisecond)
      .padStart(3, "0")
      .padEnd(part.length - 1, "0");
    const cut = digits.slice(0, part.length - 1);
    if (part[1] === "0") return part[0]! + cut;
    const short = cut.replace(/0+$/, "");
    return short && part[0]! + short;
  });
}

/** As Go prints a time that nobody gave a layout. */
export const goTime = (time: Date): string => formatTime(time, "2006-01-02 15:04:05.999999999 -0700 MST");

const READ: Readonly<Record<string, string>> = {
  "2006": String.raw`(?<year>\d{4})`,
  "06": String.raw`(?<short>\d{2})`,
  January: `(?<month>${MONTHS.join("|")})`,
  Jan: `(?<month>${MONTHS.map((name) => name.slice(0, 3)).join("|")})`,
  "01": String.raw`(?<month>\d{2})`,
  "1": String.raw`(?<month>\d{1,2})`,
  Monday: `(?:${DAYS.join("|")})`,
  Mon: `(?:${DAYS.map((name) => name.slice(0, 3)).join("|")})`,
  "02": String.raw`(?<day>\d{2})`,
  _2: String.raw` ?(?<day>\d{1,2})`,
  "2": String.raw`(?<day>\d{1,2})`,
  "15": String.raw`(?<hour>\d{2})`,
  "03": String.raw`(?<hour>\d{2})`,
  "3": String.raw`(?<hour>\d{1,2})`,
  "04": String.raw`(?<minute>\d{2})`,
  "4": String.raw`(?<minute>\d{1,2})`,
  "05": String.raw`(?<second>\d{2}(?:[.,]\d+)?)`,
  "5": String.raw`(?<second>\d{1,2}(?:[.,]\d+)?)`,
  PM: "(?<half>AM|PM)",
  pm: "(?<half>am|pm)",
  MST: "(?<zone>[A-Z]{3,4})",
  "Z07:00": String.raw`(?<offset>Z|[+-]\d\d:\d\d)`,
  Z0700: String.raw`(?<offset>Z|[+-]\d{4})`,
  "-07:00": String.raw`(?<offset>[+-]\d\d:\d\d)`,
  "-0700": String.raw`(?<offset>[+-]\d{4})`,
  "-07": String.raw`(?<offset>[+-]\d\d)`,
};

const literal = (text: string) => text.replaceAll(/[\\.+*?()|[\]{}^$]/g, String.raw`\$&`);

/** A text read in a layout, in the zone of this machine unless it says where; undefined when it does not fit. */
export function parseTime(layout: string, text: string): Date | undefined {
  let pattern = "";
  let at = 0;
  for (const { 0: part, index } of layout.matchAll(PARTS)) {
    // Fractions are read with the seconds.
    pattern += literal(layout.slice(at, index)) + (READ[part] ?? "");
    at = index + part.length;
  }
  const found = new RegExp(`^${pattern}${literal(layout.slice(at))}$`).exec(text)?.groups;
  if (!found) return undefined;
  const { year, short, month = "1", day = "1", hour = "0", minute = "0", second = "0", half, zone, offset } = found;
  const whichYear = year ? Number(year) : short ? Number(short) + (Number(short) < 69 ? 2000 : 1900) : 0;
  const name = MONTHS.findIndex((each) => each.startsWith(month));
  const whichMonth = /^\d/.test(month) ? Number(month) - 1 : name;
  const twelve = half === undefined ? Number(hour) : (Number(hour) % 12) + (/pm/i.test(half) ? 12 : 0);
  const milliseconds = Math.floor(Number(second.replace(",", ".")) * 1000);
  const fields = [whichYear, whichMonth, Number(day), twelve, Number(minute), 0, milliseconds] as const;
  if (offset === undefined && zone !== "UTC" && zone !== "GMT") return new Date(...fields);
  const [, sign, hours = "0", minutes = "0"] = /^([+-])(\d\d):?(\d\d)?$/.exec(offset ?? "") ?? [];
  const east = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1);
  return new Date(Date.UTC(...fields) - east * 60_000);
}
