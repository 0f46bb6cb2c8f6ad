// JSON as the original reads and writes it (reference/api-resources.md chapter 1, traps 1 and 4).

const UNSET_TIME = /^0001-01-01T00:00:00(\.0+)?Z$/;

/** Go's zero time, for responses whose time is unset. */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

/**
 * Reads a request body. Go clients send null for unset lists and the zero time for unset times: both mean absent, at any
 * depth. A body of null is an empty object. Throws SyntaxError.
 */
export function readJson(text: string): unknown {
  const value: unknown = JSON.parse(text, (key, value: unknown) =>
    value === null || key === "__proto__" || (typeof value === "string" && UNSET_TIME.test(value)) ? undefined : value,
  );
  return value ?? {};
}

/** An error's body: a JSON string that holds the JSON object, because the original's error type marshals as text. */
export function errorBody(statuscode: number, message: string, reasons?: readonly string[]): string {
  return JSON.stringify(JSON.stringify({ statuscode, message, reasons }));
}
