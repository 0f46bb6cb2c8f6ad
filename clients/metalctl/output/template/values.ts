// Values in a template: what JSON has, whole numbers, and times. As in Go's text/template over decoded JSON.

/** A number of JSON is Go's float64; constants and counts are bigint, Go's int. Undefined is what is not there. */
export type Value = undefined | null | boolean | number | bigint | string | Date | readonly Value[] | Dictionary;
export interface Dictionary {
  readonly [key: string]: Value;
}

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value);
export const isDictionary = (value: Value): value is Dictionary =>
  typeof value === "object" && value !== null && !isList(value) && !(value instanceof Date);

/** The keys in the order in which Go prints and iterates. */
export const keysOf = (dictionary: Dictionary): string[] =>
  Object.keys(dictionary).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

/** A field; of what has no such field undefined. */
export const entryOf = (dictionary: Dictionary, key: string): Value =>
  Object.hasOwn(dictionary, key) ? dictionary[key] : undefined;

/** The name of a value's type in Go, for errors and typeOf. */
export function typeOf(value: Value): string {
  if (value === undefined || value === null) return "<nil>";
  if (isList(value)) return "[]interface {}";
  if (value instanceof Date) return "time.Time";
  if (typeof value === "object") return "map[string]interface {}";
  return { boolean: "bool", number: "float64", bigint: "int", string: "string" }[
    typeof value as "boolean" | "number" | "bigint" | "string"
  ];
}

/** False for what is empty: 0, "", no entries, nothing. */
export function isTrue(value: Value): boolean {
  if (isList(value)) return value.length > 0;
  if (value instanceof Date) return true;
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}

export function equal(a: Value, b: Value): boolean {
  if (isList(a) && isList(b)) return a.length === b.length && a.every((each, at) => equal(each, b[at]));
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (isDictionary(a) && isDictionary(b)) {
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
  }
  return a === b || ((a ?? null) === null && (b ?? null) === null);
}
