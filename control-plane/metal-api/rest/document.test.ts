// The API's document against facts of the original's, release v0.43: testdata/operations.tsv (operation id, method, path,
// declared statuses, answer, parameters) and testdata/definitions.tsv (name, then property=type:format(values) read-only;
// "!" marks required ones).
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";

interface Schema {
  $ref?: string;
  type?: string;
  items?: Schema;
  additionalProperties?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  format?: string;
  enum?: string[];
  readOnly?: boolean;
}
interface Operation {
  operationId: string;
  responses: Record<string, { schema?: Schema }>;
  parameters?: { in: string; name: string; type?: string; schema?: Schema }[];
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  definitions: Record<string, Schema>;
}

/** What we add to the original's: fields, headers, statuses. Everything else must be the same. */
const OUR_PROPERTIES = ["machineid", "reasons", "sha256"];

/** Words that the original lists, where its own client and our leaves say others. */
const NO_ENUMERATIONS = ["vendor=string(Cumulus|SONiC)"];

/** Formats of the original that no reader of the document knows, and what it means by them. */
const MEANT: Readonly<Record<string, string>> = { integer: "int64", byte: "int64" };
/** Of a schema object (Swagger 2.0, "Schema Object"), besides extensions. */
const KEYWORDS = new Set(
  (
    "$ref title description default example discriminator readOnly xml externalDocs type format enum multipleOf maximum " +
    "exclusiveMaximum minimum exclusiveMinimum pattern maxLength minLength items maxItems minItems uniqueItems " +
    "properties required additionalProperties maxProperties minProperties allOf"
  ).split(" "),
);

const facts = (file: string) =>
  readFileSync(new URL(`testdata/${file}`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t") as [string, ...string[]]);

function typeOf(schema: Schema | undefined): string {
  if (!schema) return "-";
  if (schema.$ref !== undefined) return schema.$ref.replace("#/definitions/", "");
  if (schema.type === "array") return `[${typeOf(schema.items)}]`;
  if (schema.type === "object") return `{${schema.additionalProperties ? typeOf(schema.additionalProperties) : ""}}`;
  return schema.type ?? "-";
}

/** Format and well-known values of a property, or of what its list or record holds. @param wanted the original's fact */
function detailsOf(schema: Schema, wanted: string): string {
  const inside = schema.items ?? schema.additionalProperties;
  if (inside) return detailsOf(inside, wanted);
  const [, theirs] = /:([\w-]+)/.exec(wanted) ?? [];
  // Formats and values where the original has none are additions.
  const same = theirs !== undefined && schema.format === (MEANT[theirs] ?? theirs);
  const format = theirs === undefined ? "" : `:${same ? theirs : schema.format}`;
  const values = wanted.includes("(") ? `(${[...(schema.enum ?? [])].sort().join("|")})` : "";
  return `${format}${values}${schema.readOnly ? " read-only" : ""}`;
}

/** Every schema object inside a node of the document. */
function schemasIn(schema: Schema): Schema[] {
  const inside = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
  return [schema, ...inside.flatMap((one) => (typeof one === "object" ? schemasIn(one) : []))];
}

function factsOfOperation(path: string, method: string, { responses, parameters = [] }: Operation): string[] {
  const statuses = Object.keys(responses).filter((status) => status !== "default");
  const success = statuses.find((status) => status.startsWith("2"));
  const given = parameters
    .filter(({ in: place }) => place === "query" || place === "body" || place === "formData")
    .map((one) => (one.in === "body" ? `body:${typeOf(one.schema)}` : `${one.in}:${one.name}:${one.type}`))
    .sort();
  return [method.toUpperCase(), path, statuses.join(), typeOf(responses[success ?? ""]?.schema), ...given];
}

function factsOfDefinition({ properties = {}, required = [] }: Schema, theirs: readonly string[]): string[] {
  const known = new Map(theirs.map((fact) => [fact.split(/!?=/, 1)[0]!, fact]));
  return Object.keys(properties)
    .filter((name) => known.has(name) || !OUR_PROPERTIES.includes(name))
    .sort()
    .map((name) => {
      const details = detailsOf(properties[name]!, known.get(name) ?? "");
      return `${name}${required.includes(name) ? "!" : ""}=${typeOf(properties[name])}${details}`;
    });
}

describe("the API's document", () => {
  let document: Document;
  beforeAll(async () => {
    const script = new URL("../openapi.ts", import.meta.url).pathname;
    const { stdout } = await promisify(execFile)(process.execPath, [script], { maxBuffer: 1 << 24 });
    document = JSON.parse(stdout) as Document;
  }, 60_000);

  it("has the original's operations", () => {
    const ours = new Map(
      Object.entries(document.paths).flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, one]) => [one.operationId, factsOfOperation(path, method, one)] as const),
      ),
    );
    const theirs = facts("operations.tsv");
    expect(Object.fromEntries(theirs.map(([id]) => [id, ours.get(id)]))).toEqual(
      Object.fromEntries(theirs.map(([id, ...rest]) => [id, rest])),
    );
  });

  it("has the original's definitions", () => {
    const theirs = facts("definitions.tsv").map(([name, ...rest]): [string, ...string[]] => [
      name,
      ...rest.map((fact) => (NO_ENUMERATIONS.includes(fact) ? fact.replace(/\(.*\)/, "") : fact)),
    ]);
    const ours = ([name, ...rest]: readonly [string, ...string[]]) => {
      const definition = document.definitions[name];
      return [name, definition && factsOfDefinition(definition, rest)] as const;
    };
    expect(Object.fromEntries(theirs.map(ours))).toEqual(
      Object.fromEntries(theirs.map(([name, ...rest]) => [name, rest])),
    );
  });

  it("speaks Swagger 2.0: schemas have no keyword that generators of clients do not know", () => {
    const bodies = Object.values(document.paths)
      .flatMap((methods) => Object.values(methods))
      .flatMap(({ parameters = [], responses }) => [...parameters, ...Object.values(responses)])
      .flatMap(({ schema }) => (schema ? [schema] : []));
    const keywords = [...Object.values(document.definitions), ...bodies].flatMap(schemasIn).flatMap(Object.keys);
    expect(keywords.filter((keyword) => !KEYWORDS.has(keyword) && !keyword.startsWith("x-"))).toEqual([]);
  });

  it("bounds every whole number: no request reaches the database with one that does not fit", () => {
    const unbounded = JSON.stringify(document).match(/\{"type":"integer"(?!,"format")[^}]*\}/g) ?? [];
    expect(unbounded).toEqual([]);
  });

  it("refers to nothing that it does not define", () => {
    const references = [...JSON.stringify(document).matchAll(/"#\/definitions\/([^"]+)"/g)].map(([, name]) => name!);
    expect(references.filter((name) => !(name in document.definitions))).toEqual([]);
  });
});
