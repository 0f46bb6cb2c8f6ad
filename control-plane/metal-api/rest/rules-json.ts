// JSON as the original reads and writes it (reference/api-resources.md chapter 1, traps 1 and 4).

/** Nothing of the API is half as deep; what walks through a body must come back. */
const MAX_DEPTH = 64;
const UNSET_TIME = /^0001-01-01T00:00:00(\.0+)?Z$/;

/** Go's zero time, for responses whose time is unset. */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

/**
 * Reads a request body: its first JSON value, as Go's decoder looks no further. Go clients send null for unset lists and
 * the zero time for unset times: both mean absent, at any depth. A body of null is an empty object. Throws SyntaxError.
 */
export function readJson(text: string): unknown {
  const value: unknown = JSON.parse(withoutLoneSurrogates(firstValue(text)), (key, value: unknown) => {
    if (value === null || key === "__proto__") return undefined;
    if (typeof value === "string" && UNSET_TIME.test(value)) return undefined;
    return typeof value === "number" ? withinInt64(value) : value;
  });
  return value ?? {};
}

/** The largest number of 64 bits that is exact in JavaScript, and which Go clients can read. */
const LARGEST = 2 ** 63 - 1024;

/** Go's largest numbers, signed and not, mean "no limit"; here they are the largest that can be kept. */
const withinInt64 = (number: number): number => (number >= 2 ** 63 && number <= 2 ** 64 ? LARGEST : number);

/** Does a number fit a bigint? JSON Schema's integers have no end, and Go and PostgreSQL refuse what does not fit. */
export const isInt64 = (number: number): boolean =>
  Number.isInteger(number) && number >= -(2 ** 63) && number < 2 ** 63;

/** An escape, a pair of surrogates, or one that has no other half. */
const ESCAPE = /\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)/gs;

/** JSON whose texts are all Unicode: half a character becomes U+FFFD, as in Go. PostgreSQL would refuse it. */
export function withoutLoneSurrogates(json: string): string {
  return json.replaceAll(ESCAPE, (escape: string, lone: string | undefined) =>
    lone === undefined ? escape : "\\ufffd",
  );
}

/** The object or list that a text begins with; all of the text when it does not end. Throws SyntaxError for what is too deep. */
function firstValue(text: string): string {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (quoted) {
      if (character === "\\") index += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === "{" || character === "[") {
      depth += 1;
      if (depth > MAX_DEPTH) throw new SyntaxError(`JSON nested deeper than ${MAX_DEPTH} levels`);
    } else if (character === "}" || character === "]") {
      depth -= 1;
      if (depth <= 0) return text.slice(0, index + 1);
    }
  }
  return text;
}

/** An error's body: a JSON string that holds the JSON object, because the original's error type marshals as text. */
export function errorBody(statuscode: number, message: string, reasons?: readonly string[]): string {
  return JSON.stringify(JSON.stringify({ statuscode, message, reasons }));
}
