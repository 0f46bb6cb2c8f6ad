// The original's own Go client calls every operation: what it makes of our answers is what its users get.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AgentWorld, createAgentWorld, createPartition } from "../testing/agents.ts";
import { startHeadscale } from "../testing/headscale-server.ts";
import { buildS3Server, startS3Server } from "../testing/s3-server.ts";
import { type GoClient, startGoClient } from "./client.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";
import { type Built, buildClient } from "./go.ts";
import { install, type SimulatedMachine, waitingMachine } from "./machines.ts";
import { catalogue } from "./story/catalogue.ts";
import { fabric } from "./story/fabric.ts";
import { allocating, firmware, leaving, operating } from "./story/machines.ts";
import { M1, M2, type Row } from "./story/row.ts";

/** Of the API, reference/api-resources.md 9. */
const OPERATIONS = 114;
/** What the client does not call here with success, and why. */
const NOT_HERE = {
  migrateSwitch: "is being built",
  freeNetworkDeprecated: "the client itself fails: it cannot send the media type */* that its document tells it to",
};

/** Needs an S3 server. */
const FIRMWARE = ["listFirmwares", "removeFirmware", "updateFirmware", "uploadFirmware"];
const BUCKET = "firmware";
const FIRST_BUILD_MS = 10 * 60_000;
const PHASE_MS = 120_000;

let folder: string;
let built: Built;
let world: AgentWorld;
let controlPlane: ControlPlane;
let client: GoClient;
let files: Server;
let headscale: Awaited<ReturnType<typeof startHeadscale>>;
let s3: Awaited<ReturnType<typeof startS3Server>> | undefined;
const machines: SimulatedMachine[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "metal-conformance-"));
  built = await buildClient(folder);
  if ("missing" in built) {
    console.warn(`SKIPPED: metal-api against the original's Go client: ${built.missing}`);
    return;
  }
  world = await createAgentWorld({ METAL_API_BMC_REQUIRED: "false" });
  headscale = await startHeadscale();
  const s3Program = await buildS3Server();
  s3 = s3Program === undefined ? undefined : await startS3Server(s3Program, BUCKET);
  controlPlane = await startControlPlane(folder, world.url, {
    METAL_API_HEADSCALE_ADDR: headscale.address,
    METAL_API_HEADSCALE_API_KEY: headscale.apiKey,
    ...(s3 && {
      METAL_API_S3_ADDRESS: s3.address,
      METAL_API_S3_KEY: "key",
      METAL_API_S3_SECRET: "secret",
      METAL_API_S3_FIRMWARE_BUCKET: BUCKET,
    }),
  });
  client = startGoClient(built.program, controlPlane.url);
  files = createServer((_request, response) => void response.end());
  await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
  await createPartition(world);
  machines.push(await waitingMachine(world, M1, 1), await waitingMachine(world, M2, 2));
}, FIRST_BUILD_MS);
afterAll(async () => {
  for (const { told } of machines) told.stop();
  await client?.close();
  await controlPlane?.stop();
  files?.close();
  await s3?.stop();
  await headscale?.close();
  await world?.close();
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

const address = () => `http://127.0.0.1:${(files.address() as AddressInfo).port}`;

describe("the original's Go client", () => {
  it("makes tenants, projects and what they are offered", () => tell(catalogue(address())), PHASE_MS);
  it("makes networks, addresses and switches", () => tell(fabric()), PHASE_MS);
  it("allocates a machine and a firewall", () => tell(allocating()), PHASE_MS);
  it(
    "operates machines that are installed",
    async () => {
      for (const machine of machines) await install(world, machine, "open sesame");
      await tell(operating("open sesame"));
    },
    PHASE_MS,
  );
  it(
    "keeps firmware",
    async (context) => {
      if (!s3) context.skip("there is no S3 server");
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
        .concat(s3 ? [] : FIRMWARE)
        .sort(),
    );
  });
});
