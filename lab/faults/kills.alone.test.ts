// metal-api is killed again and again amid allocations, frees and reinstallations; after each start everything in the
// database must be whole. Real processes, real PostgreSQL, simulated machines; the other faults are in faults.lab.test.ts.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { run } from "./run.ts";

const KILLS = 200;
/** So many of them must have met each kind of request: else the test has become one of something else. */
const AMID_EACH = 20;
/** Everybody's tests strike at the same moments; `npm run faults` and another seed look for others. */
const SEED = Number(process.env["FAULTS_SEED"] ?? 57_502);

it(
  `${KILLS} kills of metal-api lose and double no machine, address or number (seed ${SEED})`,
  { timeout: 1_800_000 },
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "metal-kills-"));
    const plan = { kinds: ["metal-api-amid"], strikes: KILLS, seed: SEED, machines: 5, restEvery: 16, folder };
    console.log(`killing metal-api ${KILLS} times, seed ${SEED}; again with FAULTS_SEED=${SEED}`);
    // Thrown with the seed and the history when something is broken.
    const report = await run(plan);
    console.log(JSON.stringify(report));
    expect(report.kills).toBe(KILLS);
    expect(Math.min(...Object.values(report.amid))).toBeGreaterThanOrEqual(AMID_EACH);
    rmSync(folder, { recursive: true });
  },
);
