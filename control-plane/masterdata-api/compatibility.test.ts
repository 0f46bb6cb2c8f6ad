// The original's own Go client against our process, call by call, beside what the original answers to the same calls. Those
// answers are recorded in testing/original.jsonl, and where the original's server can run here, they are checked too.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testDatabase, type TestDatabase } from "@metal-stack/database";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it, type TestContext } from "vitest";
import { MIGRATIONS, type Schema } from "./database/schema.ts";
import { DIFFERENCES } from "./testing/differences.ts";
import { type Built, buildGoPrograms } from "./testing/go.ts";
import { outputOf, runOriginal } from "./testing/original.ts";
import { startOurs } from "./testing/ours.ts";

interface Line {
  readonly step: string;
  readonly code: string;
  readonly answer?: unknown;
}

const FIRST_BUILD_MS = 16 * 60_000;
const RUN_MS = 120_000;
const recorded = linesOf(readFileSync(join(import.meta.dirname, "testing/original.jsonl"), "utf8"));

let folder: string;
let built: Built;
let database: TestDatabase<Schema>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "metal-masterdata-"));
  built = await buildGoPrograms(folder);
  if ("missing" in built) return;
  database = await testDatabase<Schema>(MIGRATIONS);
  await outputOf(built.probe, ["certificates", folder]);
}, FIRST_BUILD_MS);
afterAll(async () => {
  await database?.drop();
  rmSync(folder, { recursive: true });
});

function linesOf(text: string): Line[] {
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const { step, code, answer } = JSON.parse(line) as Line;
      return { step, code, ...(answer === undefined ? {} : { answer }) };
    });
}

function programs(context: TestContext): Exclude<Built, { missing: string }> {
  if ("missing" in built) {
    console.warn(`SKIPPED: masterdata against the original's Go client: ${built.missing}`);
    context.skip(built.missing);
    throw new Error("skipped");
  }
  return built;
}

it(
  "answers the original's client as the original does, but for what differs on purpose",
  async (context) => {
    const { probe } = programs(context);
    const server = await startOurs(folder, database.url);
    const ours = linesOf(await outputOf(probe, ["calls", server.address, folder, "secret"]));
    const metrics = await (await fetch(server.metricsUrl)).text();
    expect(await server.stop()).toBe(0);
    expect(metrics).toMatch(/_count\{rpc_service="v1.ProjectService",rpc_method="Create",rpc_code="ok"\} \d+$/m);
    expect(metrics).toMatch(/_count\{rpc_service="v1.ProjectService",rpc_method="Get",rpc_code="NotFound"\} \d+$/m);

    expect(ours.map(({ step }) => step)).toEqual(recorded.map(({ step }) => step));
    const different = ours.filter((line, index) => JSON.stringify(line) !== JSON.stringify(recorded[index]));
    expect(Object.fromEntries(different.map(({ step, code, answer }) => [step, answer ?? code]))).toEqual(DIFFERENCES);
  },
  RUN_MS,
);

it(
  "and so the original does",
  async (context) => {
    const { probe, original } = programs(context);
    const [name] = /test_\w+/.exec(database.url)!;
    const empty = `${name}_original`;
    await sql`create database ${sql.id(empty)}`.execute(database.db);
    try {
      const url = database.url.replace(name, empty);
      const lines = await runOriginal({ probe, original, folder, url });
      if (typeof lines === "string") expect(linesOf(lines)).toEqual(recorded);
      else {
        console.warn(`SKIPPED: the original's server: ${lines.missing}`);
        context.skip(lines.missing);
      }
    } finally {
      await sql`drop database if exists ${sql.id(empty)} with (force)`.execute(database.db);
    }
  },
  RUN_MS,
);
