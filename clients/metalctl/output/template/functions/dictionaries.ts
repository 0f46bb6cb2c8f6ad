// sprig's functions of dictionaries, JSON, defaults and types.
import { text } from "../format.ts";
import {
  entryOf,
  equal,
  isDictionary,
  isList,
  isTrue,
  keysOf,
  typeOf,
  type Dictionary,
  type Value,
} from "../values.ts";
import { callable, type Callable } from "./function.ts";

/** Names and values in turns. */
function made(...given: readonly Value[]): Dictionary {
  const names = given.filter((_, at) => at % 2 === 0);
  return Object.fromEntries(names.map((name, at) => [text(name), at * 2 + 1 < given.length ? given[at * 2 + 1] : ""]));
}

/** `set` and `unset` change the dictionary itself: they are called for that. */
const writable = (dictionary: Dictionary) => dictionary as Record<string, Value>;

const only = (dictionary: Dictionary, wanted: (key: string) => boolean) =>
  Object.fromEntries(Object.entries(dictionary).filter(([key]) => wanted(key)));

/** What is found along the keys, or the last argument but one. */
function dig(...given: readonly Value[]): Value {
  if (given.length < 3) throw new Error("give keys, a default and a dictionary");
  const fallback = given.at(-2);
  let value = given.at(-1);
  for (const key of given.slice(0, -2)) {
    if (!isDictionary(value)) throw new Error(`expected a dictionary, not ${typeOf(value)}`);
    if (typeof key !== "string") throw new Error(`a key must be a text, not ${typeOf(key)}`);
    if (!Object.hasOwn(value, key)) return fallback;
    value = value[key];
  }
  return value;
}

/** Keys in order, as Go's JSON has them. */
function plain(value: Value): unknown {
  if (isList(value)) return value.map(plain);
  if (isDictionary(value)) return Object.fromEntries(keysOf(value).map((key) => [key, plain(value[key])]));
  if (typeof value === "bigint") return Number(value);
  return value ?? null;
}

const json = (value: Value, indent?: number) => JSON.stringify(plain(value), null, indent);
/** Go's JSON may stand in HTML. */
const harmless = (shown: string) =>
  shown.replaceAll(/[<>&\u2028\u2029]/g, (each) => `\\u${each.codePointAt(0)!.toString(16).padStart(4, "0")}`);

function parsed(value: string): Value {
  try {
    return JSON.parse(value) as Value;
  } catch {
    return undefined;
  }
}

function kindOf(value: Value): string {
  if (value === undefined || value === null) return "invalid";
  return isList(value) ? "slice" : value instanceof Date ? "struct" : isDictionary(value) ? "map" : typeOf(value);
}

export const DICTIONARIES: Readonly<Record<string, Callable>> = {
  dict: callable([], made, "any"),
  get: callable(["dictionary", "text"], (dictionary, key) => (Object.hasOwn(dictionary, key) ? dictionary[key] : "")),
  set: callable(["dictionary", "text", "any"], (dictionary, key, value) => {
    writable(dictionary)[key] = value;
    return dictionary;
  }),
  unset: callable(["dictionary", "text"], (dictionary, key) => {
    delete writable(dictionary)[key];
    return dictionary;
  }),
  hasKey: callable(["dictionary", "text"], (dictionary, key) => Object.hasOwn(dictionary, key)),
  pluck: callable(
    ["text"],
    (key, ...all) => all.filter((each) => Object.hasOwn(each, key)).map((each) => entryOf(each, key)),
    "dictionary",
  ),
  keys: callable([], (...all) => all.flatMap(keysOf), "dictionary"),
  values: callable(["dictionary"], (dictionary) => keysOf(dictionary).map((key) => dictionary[key])),
  pick: callable(["dictionary"], (dictionary, ...keys) => only(dictionary, (key) => keys.includes(key)), "text"),
  omit: callable(["dictionary"], (dictionary, ...keys) => only(dictionary, (key) => !keys.includes(key)), "text"),
  dig: callable([], dig, "any"),

  default: callable(["any"], (fallback, given) => (isTrue(given) ? given : fallback), "any"),
  empty: callable(["any"], (value) => !isTrue(value)),
  coalesce: callable([], (...values) => values.find(isTrue), "any"),
  all: callable([], (...values) => values.every(isTrue), "any"),
  any: callable([], (...values) => values.some(isTrue), "any"),
  ternary: callable(["any", "any", "bool"], (yes, no, which) => (which ? yes : no)),
  fail: callable(["text"], (what) => {
    throw new Error(what);
  }),

  fromJson: callable(["text"], parsed),
  mustFromJson: callable(["text"], (value) => JSON.parse(value) as Value),
  ...Object.fromEntries(
    ["toJson", "mustToJson"].map((name) => [name, callable(["any"], (value) => harmless(json(value)))]),
  ),
  ...Object.fromEntries(
    ["toPrettyJson", "mustToPrettyJson"].map((name) => [name, callable(["any"], (value) => harmless(json(value, 2)))]),
  ),
  ...Object.fromEntries(
    ["toRawJson", "mustToRawJson"].map((name) => [name, callable(["any"], (value) => json(value))]),
  ),

  typeOf: callable(["any"], typeOf),
  typeIs: callable(["text", "any"], (type, value) => typeOf(value) === type),
  typeIsLike: callable(["text", "any"], (type, value) => typeOf(value) === type || typeOf(value) === `*${type}`),
  kindOf: callable(["any"], kindOf),
  kindIs: callable(["text", "any"], (kind, value) => kindOf(value) === kind),
  deepEqual: callable(["any", "any"], equal),
};
