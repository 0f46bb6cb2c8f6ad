// Everything that can be killed, cut or confused on a machine's way, a few times each; `node lab/faults/main.ts` does it
// for as long as one likes. Two regions: one of separate processes, one of the control plane as a single process.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FAULTS } from "./faults.ts";
import { run } from "./run.ts";

const APART = Object.keys(FAULTS).filter((kind) => !FAULTS[kind]!.together);
const STRIKES = 50;
const STRIKES_TOGETHER = 8;

async function survives(kinds: readonly string[], strikes: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "metal-faults-"));
  const seed = Math.trunc(Math.random() * 1_000_000);
  // Thrown with the seed and the history when something is broken.
  const report = await run({ kinds, strikes, seed, machines: 10, restEvery: 10, folder });
  console.log(`${kinds.join(", ")}, seed ${seed}: ${JSON.stringify(report)}`);
  expect(report.strikes).toBe(strikes);
  rmSync(folder, { recursive: true });
}

describe("a region", { timeout: 600_000 }, () => {
  it(`survives ${STRIKES} faults of ${APART.length} kinds: no machine doubled, no address lost, no data left, none stuck`, () =>
    survives(APART, STRIKES));

  it("survives that its whole control plane is killed, PostgreSQL included", () =>
    survives(["control-plane"], STRIKES_TOGETHER));
});
