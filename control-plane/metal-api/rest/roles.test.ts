// Who may call what, and what goes on record: testdata/roles.tsv (operation id, level, whether it is in the audit trail), the
// original's for its operations (reference/api-resources.md chapter 9), tried by really calling every one.
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Document } from "../testing/fuzz-requests.ts";
import { type IdentityProvider, startIdentityProvider } from "../testing/identity.ts";
import { createWorld, type World } from "../testing/world.ts";
import { restModules } from "./modules.ts";
import { apiDocumentOf } from "./print.ts";

const GENEROUS_MS = 60_000;
/** What each level needs, weakest first; a caller may do what needs as much as it has or less. */
const LEVELS = ["public", "tenant", "view", "edit", "admin"] as const;
type Level = (typeof LEVELS)[number];

const table = readFileSync(new URL("testdata/roles.tsv", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => line.split("\t") as [operation: string, level: Level, recorded: string]);

let folder: string;
let provider: IdentityProvider;
let world: World;
let document: Document;
let tokenWithoutGroups: string;
/** Operation id to method and path, with ids that mean nothing. */
const operations = new Map<string, readonly [method: string, path: string]>();

beforeAll(async () => {
  [provider, folder] = await Promise.all([startIdentityProvider(), mkdtemp(join(tmpdir(), "roles-"))]);
  const issuers = join(folder, "issuers.json");
  await writeFile(issuers, JSON.stringify([{ issuer: provider.issuer, clientId: "metal-api" }]));
  tokenWithoutGroups = await provider.token("metal-api", { email: "t@x" });
  world = await createWorld(restModules, { env: { METAL_API_OIDC_ISSUERS_FILE: issuers } });
  document = (await apiDocumentOf("/")) as Document;
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, { operationId }] of Object.entries(methods))
      operations.set(operationId, [method.toUpperCase(), path.replaceAll(/\{\w+\}/g, "nothing")]);
}, GENEROUS_MS);
afterAll(async () => {
  await Promise.all([world?.close(), provider?.stop()]);
  if (folder) await rm(folder, { recursive: true });
});

/** An empty request: it harms nothing, whoever may send it. */
async function call(level: Level, operation: string): Promise<number> {
  const [method, path] = operations.get(operation)!;
  const body = method === "GET" || method === "DELETE" ? undefined : {};
  if (level !== "public" && level !== "tenant") return (await world.call(level, method, path, body)).status;
  const token = level === "public" ? undefined : { authorization: `Bearer ${tokenWithoutGroups}` };
  return (await world.call("guest", method, path, body, token)).status;
}

it("names every operation of the document, and no other", () => {
  expect(table.map(([operation]) => operation).sort()).toEqual([...operations.keys()].sort());
});

describe.each(LEVELS)("a caller that has %s", (level) => {
  it("may do just that", async () => {
    const allowed: string[] = [];
    for (const operation of operations.keys()) if ((await call(level, operation)) !== 403) allowed.push(operation);
    const expected = table.filter(([, needed]) => LEVELS.indexOf(needed) <= LEVELS.indexOf(level));
    expect(allowed.sort()).toEqual(expected.map(([operation]) => operation).sort());
  });
});

it("puts on record what changes something, and who reads a secret", async () => {
  for (const operation of operations.keys()) await call("admin", operation);
  const entries = await world.context.db
    .selectFrom("audit")
    .select(["detail", "path"])
    .where("user", "=", "metal-admin@metal-stack.io")
    .execute();
  const seen = new Set(entries.map(({ detail, path }) => `${detail} ${path}`));
  const recorded = [...operations].filter(([, [method, path]]) => seen.has(`${method} ${path}`)).map(([id]) => id);
  const expected = table.filter(([, , how]) => how === "recorded").map(([operation]) => operation);
  expect(recorded.sort()).toEqual(expected.sort());
});
