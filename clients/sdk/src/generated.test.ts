// What is generated says what the API's document says, now.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import type { ApiDocument } from "../generator/document.ts";
import { callName, groupName } from "../generator/names.ts";
import { exampleOf, paragraphsOf } from "../generator/examples.ts";
import { programsIn } from "../generator/programs.ts";
import { sourcesOf } from "../generator/sources.ts";
import { createClient } from "./index.ts";
import { OPERATIONS } from "./gen/operations.ts";
import { isSafe } from "./rules-retry.ts";

const EXAMPLES = new URL("../examples", import.meta.url).pathname;
const PRINTS_DOCUMENT = new URL("../../../control-plane/metal-api/openapi.ts", import.meta.url).pathname;

describe("the generated code", () => {
  let document: ApiDocument;
  beforeAll(async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [PRINTS_DOCUMENT], { maxBuffer: 1 << 26 });
    document = JSON.parse(stdout) as ApiDocument;
  });

  it.each(["types.ts", "operations.ts"] as const)("%s is that of the API's document", (file) => {
    const generated = readFileSync(new URL(`gen/${file}`, import.meta.url), "utf8");
    expect(generated === sourcesOf(document, programsIn(EXAMPLES))[file], "is old: node clients/sdk/generate.ts").toBe(
      true,
    );
  });

  it("says that a request may be repeated by its key where the API knows keys, and nowhere else", () => {
    const calls = Object.values(OPERATIONS).flatMap((group) => Object.values(group));
    for (const { method, path, headers = [], query = [] } of calls) {
      const reads = isSafe(method, path, false);
      expect(isSafe(method, path, true), path).toBe(reads || headers.includes("idempotency-key"));
      expect(query).not.toContain("idempotency-key");
    }
  });

  it("has a call for every operation", () => {
    const called = Object.values(OPERATIONS).flatMap((calls) =>
      Object.values(calls).map(({ method, path }) => `${method} ${path}`),
    );
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(operations.length).toBeGreaterThanOrEqual(114);
    expect([...new Set(called)].sort()).toEqual(operations.sort());
    const client = createClient({ url: "http://localhost" }) as unknown as Record<string, Record<string, unknown>>;
    for (const [noun, calls] of Object.entries(OPERATIONS))
      for (const name of Object.keys(calls)) expect(client[noun]![name], `${noun}.${name}`).toBeTypeOf("function");
  });
});

describe("a call's name", () => {
  it.each([
    ["findMachine", "Machine", "get"],
    ["findMachines", "Machine", "find"],
    ["listMachines", "Machine", "list"],
    ["machineOn", "machine", "on"],
    ["findIPMIMachines", "Machine", "findIpmi"],
    ["listSwitches", "Switch", "list"],
    ["toggleSwitchPort", "Switch", "togglePort"],
    ["getSizeReservation", "Size", "getReservation"],
    ["allocateSpecificIP", "IP", "allocateSpecific"],
    ["health", "health", "get"],
  ])("%s of a %s is %s", (operationId, noun, name) => expect(callName(operationId, noun)).toBe(name));

  it.each([
    ["FilesystemLayout", "filesystemLayout"],
    ["IP", "ip"],
    ["user", "user"],
  ])("%s are found at %s", (noun, group) => expect(groupName(noun)).toBe(group));
});

describe("an example", () => {
  const paragraphs = paragraphsOf([
    'import { client } from "./client.ts";\n\n// The first.\nclient.size.get("s");\n\nrest;\n',
  ]);

  it("is the paragraph that shows the call", () =>
    expect(exampleOf(paragraphs, "size", "get")).toBe('// The first.\nclient.size.get("s");'));

  it("is demanded for every call", () =>
    expect(() => exampleOf(paragraphs, "size", "getReservation")).toThrow("calls client.size.getReservation"));
});
