// The original's own Go client calls every operation: what it makes of our answers is what its users get.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type GoClient, startGoClient } from "./client.ts";
import { type Built, buildClient } from "./go.ts";
import { install } from "./machines.ts";
import { type Region, startRegion } from "./region.ts";
import { catalogue } from "./story/catalogue.ts";
import { fabric } from "./story/fabric.ts";
import { allocating, firmware, leaving, operating } from "./story/machines.ts";
import type { Row } from "./story/row.ts";

/** Of the API, reference/api-resources.md 9. */
const OPERATIONS = 114;
/** What the client does not call here with success, and why. */
const NOT_HERE = {
  freeNetworkDeprecated: "the client itself fails: it cannot send the media type */* that its document tells it to",
};

/** Needs an S3 server. */
const FIRMWARE = ["listFirmwares", "removeFirmware", "updateFirmware", "uploadFirmware"];
const FIRST_BUILD_MS = 10 * 60_000;
const PHASE_MS = 120_000;

let folder: string;
let built: Built;
let region: Region;
let client: GoClient;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "metal-conformance-"));
  built = await buildClient(folder);
  if ("missing" in built) {
    console.warn(`SKIPPED: metal-api against the original's Go client: ${built.missing}`);
    return;
  }
  region = await startRegion(folder);
  client = startGoClient(built.program, region.url);
}, FIRST_BUILD_MS);
afterAll(async () => {
  await client?.close();
  await region?.close();
  rmSync(folder, { recursive: true });
});
beforeEach((context) => {
  if ("missing" in built) context.skip(built.missing);
});

const seen: Record<string, Record<string, unknown>> = {};
const succeeded = new Set<string>();

/** What the client should have returned, as far as the row tells; `undefined` when it did. */
async function differenceOf(row: Row): Promise<string | undefined> {
  const { operation, role = "Metal-Admin", result = "OK", payload, error } = row;
  const parameters = typeof row.parameters === "function" ? row.parameters(seen) : row.parameters;
  const answer = await client.call({ operation, role, ...(parameters && { parameters }) });
  const goName = operation[0]!.toUpperCase() + operation.slice(1);
  if (result === "OK" || result === "Created") {
    if (answer.payload !== null) seen[operation] = answer.payload as Record<string, unknown>;
    if (answer.type === goName + result) succeeded.add(operation);
  }
  const statuscode = row.statuscode ?? (result === "Conflict" ? 409 : undefined);
  const wanted = {
    type: goName + result,
    ...(payload !== undefined && { payload }),
    ...(statuscode && { statuscode }),
  };
  if (contains(answer, wanted) && (error === undefined || answer.error?.includes(error))) return undefined;
  return `${operation} ${JSON.stringify(parameters)}\n  wanted ${JSON.stringify(wanted)} ${error ?? ""}\n  got ${JSON.stringify(answer)}`;
}

/** Whether a wanted part is there: of objects some fields, of lists some entries, at every depth. */
function contains(actual: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted))
    return Array.isArray(actual) && wanted.every((entry) => actual.some((candidate) => contains(candidate, entry)));
  if (typeof wanted !== "object" || wanted === null) return actual === wanted;
  if (typeof actual !== "object" || actual === null) return false;
  return Object.entries(wanted).every(([key, value]) => contains((actual as Record<string, unknown>)[key], value));
}

async function tell(rows: Row[]): Promise<void> {
  const differences: string[] = [];
  for (const row of rows) {
    const difference = await differenceOf(row);
    if (difference !== undefined) differences.push(difference);
  }
  expect(differences.join("\n")).toBe("");
}

describe("the original's Go client", () => {
  it("makes tenants, projects and what they are offered", () => tell(catalogue(region.files)), PHASE_MS);
  it("makes networks, addresses and switches", () => tell(fabric()), PHASE_MS);
  it("allocates a machine and a firewall", () => tell(allocating()), PHASE_MS);
  it(
    "operates machines that are installed",
    async () => {
      for (const machine of region.machines) await install(region.world, machine, "open sesame");
      await tell(operating("open sesame"));
    },
    PHASE_MS,
  );
  it(
    "keeps firmware",
    async (context) => {
      if (!region.firmware) context.skip("there is no S3 server");
      await tell(firmware());
    },
    PHASE_MS,
  );
  it("leaves", () => tell(leaving()), PHASE_MS);
  it("called every operation", async () => {
    if ("missing" in built) return;
    const { stdout } = await promisify(execFile)(built.program, ["operations"]);
    const operations = stdout.trim().split("\n");
    expect(operations).toHaveLength(OPERATIONS);
    expect(operations.filter((operation) => !succeeded.has(operation)).sort()).toEqual(
      Object.keys(NOT_HERE)
        .concat(region.firmware ? [] : FIRMWARE)
        .sort(),
    );
  });
});
