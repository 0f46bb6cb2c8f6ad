// Everything that can be killed, cut or confused on a machine's way, a few times each; `node lab/faults/main.ts` does it
// for as long as one likes. Two regions: one of separate processes with everything that can go wrong in turn, one of the
// control plane as a single process.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { canMakeLeaves } from "../fleet/kernel-leaves.ts";
import { FAULTS } from "./faults.ts";
import { run } from "./run.ts";

const able = canMakeLeaves();
if (!able) console.warn("SKIPPED: real metal-cores need network namespaces");

const APART = Object.keys(FAULTS).filter((kind) => {
  const { together, kernelLeaves, long } = FAULTS[kind]!;
  return !together && !kernelLeaves && !long;
});
const STRIKES = 30;
const STRIKES_OF_ONE_KIND = 4;

/** Everybody's tests strike at the same moments; `npm run faults` looks for others. */
const SEED = 57_502;

async function survives(kinds: readonly string[], strikes: number, machines: number, seed = SEED): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "metal-faults-"));
  // Thrown with the seed and the history when something is broken.
  const report = await run({ kinds, strikes, seed, machines, restEvery: 10, folder });
  console.log(`${kinds.join(", ")}, seed ${seed}: ${JSON.stringify(report)}`);
  expect(report.strikes).toBe(strikes);
  rmSync(folder, { recursive: true });
}

describe("a region", { timeout: 900_000 }, () => {
  it(`survives ${STRIKES} faults of ${APART.length} kinds: no machine doubled, no address lost, no data left, none stuck`, () =>
    survives(APART, STRIKES, 8));

  it("survives that its whole control plane is killed, PostgreSQL included", () =>
    survives(["control-plane"], STRIKES_OF_ONE_KIND, 4));

  it.skipIf(!able)("survives that metal-core is killed while it moves ports", () =>
    survives(["metal-core"], STRIKES_OF_ONE_KIND, 4),
  );
});
