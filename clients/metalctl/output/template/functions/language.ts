// The functions of Go's text/template itself. `and` and `or` are not here: they leave arguments unevaluated.
import { print, printf, text } from "../format.ts";
import { entryOf, equal, isDictionary, isList, isTrue, typeOf, type Value } from "../values.ts";
import { callable, type Callable } from "./function.ts";

/** Below 0 when a comes first. @throws Error for what has no order */
function order(a: Value, b: Value): number {
  if (isNumber(a) && isNumber(b)) return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === "string" && typeof b === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b));
  throw new Error(`cannot compare ${typeOf(a)} with ${typeOf(b)}`);
}

const isNumber = (value: Value): value is number | bigint => typeof value === "number" || typeof value === "bigint";

/** One of the others is the first. Numbers of JSON and whole numbers compare, other than in Go. */
function isOneOf(value: Value, others: readonly Value[]): boolean {
  return others.some((other) => {
    // oxlint-disable-next-line eqeqeq -- 1n and 1 are the same number
    if (isNumber(value) && isNumber(other)) return value == other;
    const plain = [value, other].every((each) => typeof each !== "object" && each !== undefined);
    if (plain && typeof value !== typeof other)
      throw new Error(`cannot compare ${typeOf(value)} with ${typeOf(other)}`);
    if (!plain && value !== null && other !== null && value !== undefined && other !== undefined)
      throw new Error(`cannot compare ${typeOf(value)} with ${typeOf(other)}`);
    return equal(value, other);
  });
}

/** Go counts bytes. */
const lengthOf = (value: Value): number => {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (isList(value)) return value.length;
  if (isDictionary(value)) return Object.keys(value).length;
  throw new Error(`${typeOf(value)} has no length`);
};

function place(index: Value, length: number): number {
  if (!isNumber(index) || !Number.isInteger(Number(index))) throw new Error(`${typeOf(index)} is no index`);
  if (index < 0 || index >= length) throw new Error(`index ${text(index)} is out of range`);
  return Number(index);
}

function index(value: Value, at: Value): Value {
  if (typeof value === "string") return BigInt(Buffer.from(value)[place(at, lengthOf(value))]!);
  if (isList(value)) return value[place(at, value.length)];
  if (isDictionary(value) && typeof at === "string") return entryOf(value, at);
  throw new Error(`${typeOf(value)} has no index of ${typeOf(at)}`);
}

function slice(value: Value, bounds: readonly Value[]): Value {
  if (typeof value !== "string" && !isList(value)) throw new Error(`${typeOf(value)} cannot be sliced`);
  const length = lengthOf(value);
  const [from = 0, to = length] = bounds.slice(0, 2).map((bound) => place(bound, length + 1));
  if (from > to) throw new Error(`slice from ${from} to ${to}`);
  return typeof value === "string" ? Buffer.from(value).subarray(from, to).toString() : value.slice(from, to);
}

const HTML: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
  "\0": "\ufffd",
};
const JS = /[\\'"<>&=]|[\u0000-\u001f]/g; // oxlint-disable-line no-control-regex -- they are escaped

const escapeJs = (character: string) =>
  /['"\\]/.test(character)
    ? `\\${character}`
    : `\\u${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;

/** As in the query of a URL: a blank is a plus. */
export const queryEscaped = (value: string): string =>
  encodeURIComponent(value)
    .replaceAll(/[!'()*]/g, (each) => `%${each.codePointAt(0)!.toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");

export const LANGUAGE: Readonly<Record<string, Callable>> = {
  not: callable(["any"], (value) => !isTrue(value)),
  len: callable(["any"], (value) => BigInt(lengthOf(value))),
  index: callable(["any"], (value, ...path) => path.reduce(index, value), "any"),
  slice: callable(["any"], (value, ...bounds) => slice(value, bounds), "any"),
  print: callable([], (...values) => print(values), "any"),
  println: callable([], (...values) => `${values.map(text).join(" ")}\n`, "any"),
  printf: callable(["text"], (pattern, ...values) => printf(pattern, values), "any"),
  html: callable([], (...values) => print(values).replaceAll(/[&<>"'\0]/g, (each) => HTML[each]!), "any"),
  js: callable([], (...values) => print(values).replaceAll(JS, escapeJs), "any"),
  urlquery: callable([], (...values) => queryEscaped(print(values)), "any"),
  eq: callable(["any", "any"], (value, ...others) => isOneOf(value, others), "any"),
  ne: callable(["any", "any"], (a, b) => !isOneOf(a, [b])),
  lt: callable(["any", "any"], (a, b) => order(a, b) < 0),
  le: callable(["any", "any"], (a, b) => order(a, b) <= 0),
  gt: callable(["any", "any"], (a, b) => order(a, b) > 0),
  ge: callable(["any", "any"], (a, b) => order(a, b) >= 0),
};
