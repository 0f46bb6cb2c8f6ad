// The API's document against facts of the original's, release v0.43: testdata/operations.tsv (operation id, method, path,
// declared statuses, answer, parameters) and testdata/definitions.tsv (name, then property=type; "!" marks required ones).
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
  const known = theirs.map((fact) => fact.split(/!?=/, 1)[0]!);
  return Object.keys(properties)
    .filter((name) => known.includes(name) || !OUR_PROPERTIES.includes(name))
    .sort()
    .map((name) => `${name}${required.includes(name) ? "!" : ""}=${typeOf(properties[name])}`);
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
    const theirs = facts("definitions.tsv");
    const ours = ([name, ...rest]: readonly [string, ...string[]]) => {
      const definition = document.definitions[name];
      return [name, definition && factsOfDefinition(definition, rest)] as const;
    };
    expect(Object.fromEntries(theirs.map(ours))).toEqual(
      Object.fromEntries(theirs.map(([name, ...rest]) => [name, rest])),
    );
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
