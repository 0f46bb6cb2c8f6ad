// Ours beside the original, asked by the original's Go client, each with a database of its own in the same PostgreSQL that
// writes to disk. 10 000 projects of 1 000 tenants are there first. `npm run bench -- masterdata` starts this.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { EmbeddedPostgres, openDatabase } from "@metal-stack/database";
import { sql } from "kysely";
import { buildGoPrograms } from "./go.ts";
import { outputOf, runOriginal } from "./original.ts";
import { startOurs } from "./ours.ts";

const CLIENTS = ["1", "16"];
const SECONDS = process.argv[2] ?? "3";

interface Result {
  readonly operation: string;
  readonly clients: number;
  readonly perSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

const resultsOf = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Result);

async function compare(folder: string): Promise<void> {
  const built = await buildGoPrograms(folder);
  if ("missing" in built) return console.log(`cannot be measured here: ${built.missing}`);
  await outputOf(built.probe, ["certificates", folder]);
  const postgres = await EmbeddedPostgres.start({ directory: join(folder, "postgres"), database: "ours" });
  try {
    const maintenance = openDatabase<unknown>(postgres.urlOf("postgres"), { maxConnections: 1 });
    await sql`create database original`.execute(maintenance);
    await maintenance.destroy();
    const ours = await startOurs(folder, postgres.urlOf("ours"));
    console.log(
      "operation                        clients   original/s       ours/s   ratio    original ms      ours ms",
    );
    for (const clients of CLIENTS) {
      const url = postgres.urlOf("original");
      const theirs = await runOriginal({ ...built, folder, url }, ["bench", clients, SECONDS]);
      if (typeof theirs !== "string") return console.log(`cannot be measured here: ${theirs.missing}`);
      const own = resultsOf(await outputOf(built.probe, ["bench", ours.address, folder, "secret", clients, SECONDS]));
      for (const [index, original] of resultsOf(theirs).entries()) console.log(rowOf(original, own[index]!));
    }
    await ours.stop();
  } finally {
    await postgres.stop();
  }
}

function rowOf(original: Result, ours: Result): string {
  const columns = [
    original.operation.padEnd(32),
    String(original.clients).padStart(7),
    original.perSecond.toFixed(0).padStart(12),
    ours.perSecond.toFixed(0).padStart(12),
    (ours.perSecond / original.perSecond).toFixed(2).padStart(7),
    `${original.medianMs} / ${original.p99Ms}`.padStart(16),
    `${ours.medianMs} / ${ours.p99Ms}`.padStart(16),
  ];
  return columns.join(" ");
}

const folder = mkdtempSync("/var/tmp/metal-masterdata-bench-");
try {
  await compare(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
