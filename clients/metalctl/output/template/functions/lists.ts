// sprig's functions of lists. Those that begin with "must" are the same here: every mistake is told with its place.
import { equal, isTrue, type Value } from "../values.ts";
import { callable, type Callable } from "./function.ts";
import { whole } from "./numbers.ts";
import { texts } from "./texts.ts";

type List = readonly Value[];

const has = (list: List, value: Value) => list.some((each) => equal(each, value));
const unique = (list: List) => list.filter((value, at) => list.findIndex((each) => equal(each, value)) === at);

function chunks(size: number, list: List): Value {
  if (size < 1) throw new Error("chunks must have 1 entry or more");
  return Array.from({ length: Math.ceil(list.length / size) }, (_, at) => list.slice(at * size, (at + 1) * size));
}

/** By their bytes, as Go sorts. */
const sorted = (value: Value) => texts(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

/** Each also as "must…". */
const FALLIBLE: Readonly<Record<string, Callable>> = {
  append: callable(["list", "any"], (list, value) => [...list, value]),
  push: callable(["list", "any"], (list, value) => [...list, value]),
  prepend: callable(["list", "any"], (list, value) => [value, ...list]),
  first: callable(["list"], (list) => list[0]),
  last: callable(["list"], (list) => list.at(-1)),
  rest: callable(["list"], (list) => list.slice(1)),
  initial: callable(["list"], (list) => list.slice(0, -1)),
  reverse: callable(["list"], (list) => list.toReversed()),
  uniq: callable(["list"], unique),
  without: callable(["list"], (list, ...values) => list.filter((each) => !has(values, each)), "any"),
  has: callable(["any", "any"], (value, list) => list !== undefined && list !== null && has(list as List, value)),
  slice: callable(
    ["list"],
    (list, from = 0n, to = BigInt(list.length)) => list.slice(Number(whole(from)), Number(whole(to))),
    "any",
  ),
  compact: callable(["list"], (list) => list.filter(isTrue)),
  chunk: callable(["int", "list"], chunks),
};

export const LISTS: Readonly<Record<string, Callable>> = {
  ...FALLIBLE,
  ...Object.fromEntries(
    Object.entries(FALLIBLE).map(([name, each]) => [`must${name[0]!.toUpperCase()}${name.slice(1)}`, each]),
  ),
  list: callable([], (...values) => values, "any"),
  tuple: callable([], (...values) => values, "any"),
  concat: callable([], (...lists) => lists.flat(), "list"),
  sortAlpha: callable(["any"], sorted),
};
