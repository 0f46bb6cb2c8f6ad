// Requests to every operation of the API's document: most nearly right, some odd in one place, some broken altogether.
import * as fc from "fast-check";

export interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly "x-optional"?: readonly string[];
  readonly enum?: readonly unknown[];
}

interface Parameter extends Schema {
  readonly in: string;
  readonly name: string;
  readonly schema?: Schema;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<Record<string, { readonly schema?: Schema } | undefined>>;
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly definitions: Readonly<Record<string, Schema>>;
}

export interface FuzzRequest {
  readonly operation: string;
  readonly method: string;
  /** With the query, encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As it goes over the wire. */
  readonly body: Buffer | undefined;
  readonly role: "view" | "edit" | "admin" | "guest";
}

/** What breaks programs: other types' values, edges of numbers, texts with another meaning somewhere. */
const ODD_NUMBERS = [0, -1, 1.5, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 2 ** 63, 1e308, 4_294_967_295, 65_536];
const ODD_TEXTS = [
  "",
  " ",
  "\0",
  "a\0b",
  "\ud800",
  "\udfff\ud800",
  "💥",
  "é\u0301",
  "\n",
  "..",
  "%",
  "%2F",
  "%00",
  "' or 1=1 --",
  '"',
  "\\",
  "$1",
  "*",
  "[",
  "(a+)+$",
  "__proto__",
  "constructor",
  "null",
  "x".repeat(5_000),
  "0001-01-01T00:00:00Z",
  "2026-13-45T99:00:00Z",
  "+275760-09-13T00:00:00Z",
  "infinity",
  "1.2.3.4",
  "1.2.3.4/33",
  "0.0.0.0/0",
  "::/0",
  "fe80::1%eth0",
  "::ffff:1.2.3.4",
  "10.0.0.0/8",
  "fd00::/48",
  "http://127.0.0.1:1/x",
  "file:///etc/passwd",
  "key=value",
];
const ODD_HEADERS: readonly (readonly [name: string, values: readonly string[]])[] = [
  ["content-type", ["text/plain", "application/json; charset=utf-16", "application/json;", "multipart/form-data", ";"]],
  ["accept", ["text/html", "*/*;q=0", "application/*", ";;,,", "application/json;q=1"]],
  ["authorization", ["", "Bearer", "Bearer x", "Bearer a.b.c", "Metal-Admin zz", "Metal-Admin  00", "Basic eDp5"]],
  ["x-date", ["", "now", "0001-01-01T00:00:00Z", "2026-13-45T99:00:00Z", "9999-12-31T23:59:59.999999999Z"]],
  ["x-data-salt", ["", "x".repeat(4_000)]],
  ["x-request-id", ["", "x".repeat(2_000), "a b", "\u00ff"]],
  ["x-forwarded-for", ["", "x".repeat(4_000), "1.2.3.4, ::1", "\u00e9"]],
  ["if-match", ["*", '"1"', "1", '"99999999999999999999"', 'W/"1"']],
  ["idempotency-key", ["", "k", "x".repeat(2_000), "\u00ff"]],
  ["content-encoding", ["gzip"]],
  ["expect", ["100-continue"]],
];
/** Ids and queries as nobody encodes them, which go out as they are. */
const RAW_IDS = [
  "%",
  "%zz",
  "%ff%fe",
  "%00",
  "..",
  "%2e%2e%2f",
  "%2F",
  ";a=b",
  "a%20b",
  "//",
  "%c0%80",
  "x".repeat(400),
  "*",
];
const RAW_QUERIES = [
  "%",
  "%zz=%ff",
  "&&&===",
  "force=true&force=false",
  "show-usage=true&show-usage=x",
  "__proto__[x]=1&constructor[prototype][y]=2",
  "description=a&description=b",
  "kind[]=bios&vendor[a]=b",
  `q=${"x".repeat(10_000)}`,
  "a=".repeat(2_000),
  "?#",
  "machine-id=%00",
];
const BROKEN_BODIES = [
  "",
  "null",
  "[]",
  "0",
  '"text"',
  "{",
  "{]",
  '{"a":1',
  '{"id":"\\ud800"}',
  '{"id":"\\u0000"}',
  '{"id":"a","id":"b"}',
  '{"__proto__":{"id":"x"}}',
  "\ufeff{}",
  "{} {}",
  "NaN",
  `${"[".repeat(20_000)}${"]".repeat(20_000)}`,
  `${'{"id":'.repeat(20_000)}1${"}".repeat(20_000)}`,
  `{"id":"${"x".repeat(1_000_000)}"}`,
  `{"tags":[${'"x",'.repeat(100_000)}"x"]}`,
];
const METHODS = ["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "PROPFIND"];
const MAX_DEPTH = 5;
/** Of a list: more than PostgreSQL takes parameters in one statement. */
const MANY = 70_000;
/** Bytes, less than a body may have. */
const MUCH = 3_000_000;

/** @param known ids that mean something in the world that is asked */
export function fuzzRequests(document: Document, known: readonly string[]): fc.Arbitrary<FuzzRequest> {
  const odd = fc.oneof(fc.constantFrom(...ODD_TEXTS), fc.string({ unit: "binary", maxLength: 20 }));
  const text = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...known) },
    { weight: 2, arbitrary: odd },
    { weight: 1, arbitrary: fc.string({ maxLength: 10 }) },
  );
  const anything = fc.oneof(
    odd,
    fc.constantFrom(...ODD_NUMBERS),
    fc.constantFrom<unknown[]>(null, true, [], {}, [[]], [null], { id: {} }),
  );

  function valueOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
    const right = rightValueOf(schema, depth);
    return fc.oneof({ weight: 20, arbitrary: right }, { weight: 1, arbitrary: anything });
  }

  function rightValueOf(schema: Schema, depth: number): fc.Arbitrary<unknown> {
    if (depth > MAX_DEPTH) return fc.constant(null);
    if (schema.$ref !== undefined) {
      return rightValueOf(document.definitions[schema.$ref.replace("#/definitions/", "")]!, depth);
    }
    if (schema.enum) return fc.oneof(fc.constantFrom(...schema.enum), text);
    switch (schema.type) {
      case "array":
        return fc.oneof(
          { weight: 100, arbitrary: fc.array(valueOf(schema.items ?? {}, depth + 1), { maxLength: 3 }) },
          { weight: 1, arbitrary: valueOf(schema.items ?? {}, depth + 1).map(manyTimes) },
        );
      case "object": {
        if (typeof schema.additionalProperties === "object")
          return fc.dictionary(text, valueOf(schema.additionalProperties, depth + 1), { maxKeys: 3 });
        const { properties = {}, required = [] } = schema;
        return fc
          .record(
            Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, valueOf(one, depth + 1)])),
            { requiredKeys: [...required], noNullPrototype: true },
          )
          .chain((whole) =>
            fc.constantFrom(whole, without(whole), whole, without(whole), shouted(whole), halved(whole)),
          );
      }
      case "integer":
      case "number":
        return fc.oneof(fc.integer({ min: 0, max: 64 }), fc.constantFrom(...ODD_NUMBERS));
      case "boolean":
        return fc.boolean();
      default:
        return text;
    }
  }

  const broken = fc
    .constantFrom<(string | Buffer)[]>(...BROKEN_BODIES, Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))
    .map((body) => Buffer.from(body as string));

  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, parameters = [] }]) => {
      const body = parameters.find((one) => one.in === "body");
      const inPath = parameters.filter((one) => one.in === "path").map(({ name }) => name);
      const inQuery = parameters.filter((one) => one.in === "query");
      return fc.record({
        operation: fc.constant(operationId),
        method: fc.oneof(
          { weight: 30, arbitrary: fc.constant(method.toUpperCase()) },
          { weight: 1, arbitrary: fc.constantFrom(...METHODS) },
        ),
        path: fc
          .tuple(
            fc.array(text, { minLength: inPath.length, maxLength: inPath.length }),
            fc.record(
              Object.fromEntries(
                inQuery.map((one) => [one.name, one.type === "boolean" ? fc.constantFrom("true", "x") : text]),
              ),
              { requiredKeys: [] },
            ),
          )
          .map(([ids, query]) => pathOf(path, inPath, ids, query))
          .chain((right) =>
            fc.oneof({ weight: 10, arbitrary: fc.constant(right) }, { weight: 1, arbitrary: raw(path) }),
          ),
        headers: headers(body !== undefined || ["put", "post"].includes(method)),
        body: body
          ? fc.oneof(
              {
                weight: 12,
                arbitrary: valueOf(body.schema ?? {}, 0).map((value) => Buffer.from(JSON.stringify(value) ?? "")),
              },
              { weight: 1, arbitrary: broken },
            )
          : fc.oneof({ weight: 12, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: broken }),
        role: fc.oneof(
          { weight: 12, arbitrary: fc.constant("admin" as const) },
          { weight: 1, arbitrary: fc.constantFrom("view" as const, "edit" as const, "guest" as const) },
        ),
      });
    }),
  );
  return fc.oneof(...operations);
}

function manyTimes(value: unknown): unknown[] {
  const size = (JSON.stringify(value) ?? "").length + 1;
  return Array.from({ length: Math.min(MANY, Math.floor(MUCH / size)) }, () => value);
}

/** Under a path of the document. */
function raw(path: string): fc.Arbitrary<string> {
  const [id, query] = [fc.constantFrom(...RAW_IDS), fc.constantFrom("", ...RAW_QUERIES.map((text) => `?${text}`))];
  return fc.tuple(id, query).map(([text, rest]) => path.replaceAll(/\{\w+\}/g, () => text) + rest);
}

function headers(json: boolean): fc.Arbitrary<Record<string, string>> {
  const usual: Record<string, string> = json ? { "content-type": "application/json" } : {};
  const odd = fc
    .constantFrom(...ODD_HEADERS)
    .chain(([name, values]) => fc.constantFrom(...values).map((value) => ({ ...usual, [name]: value })));
  return fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: odd });
}

/** The same without what is null: as clients leave things out. */
function without(whole: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== null));
}

/** The same with names in another case, which Go reads too. */
function shouted(whole: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(whole).map(([name, value]) => [name.toUpperCase(), value]));
}

/** The same without every other field, though the document calls it required. */
function halved(whole: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(whole).filter((_, index) => index % 2 === 0));
}

function pathOf(
  path: string,
  names: readonly string[],
  ids: readonly string[],
  query: Record<string, string | undefined>,
): string {
  const encoded = (value: string) => encodeURIComponent(value.toWellFormed());
  const filled = names.reduce((text, name, index) => text.replace(`{${name}}`, () => encoded(ids[index]!)), path);
  const asked = Object.entries(query).map(([name, value]) => `${name}=${encoded(value ?? "")}`);
  return asked.length === 0 ? filled : `${filled}?${asked.join("&")}`;
}
