// npm run faults -- --kind metal-api --runs 300 --seed 1
//   --kind      one of faults.ts, several with commas, or "all": each in a region of its own
//   --runs      how often each strikes; 100 when absent
//   --seed      a whole number; by the clock when absent
//   --machines  simulated machines; 10 when absent
//   --history   tell everything that happens
// Ctrl-C ends it after the strike that is under way, with its report; a second one at once.
// Ends with 0 when nothing that must never be was; else tells it, with the seed to see it again.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { FAULTS } from "./faults.ts";
import { run } from "./run.ts";

const { values } = parseArgs({
  options: {
    kind: { type: "string", default: "all" },
    runs: { type: "string", default: "100" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    machines: { type: "string", default: "10" },
    "rest-every": { type: "string", default: "10" },
    history: { type: "boolean", default: false },
  },
});
const groups = values.kind === "all" ? Object.keys(FAULTS).map((kind) => [kind]) : [values.kind.split(",")];

const end = new AbortController();
process.once("SIGINT", () => end.abort()).once("SIGTERM", () => end.abort());

let failed = false;
for (const kinds of groups) {
  if (end.signal.aborted) break;
  const folder = mkdtempSync(join(tmpdir(), "metal-faults-"));
  const began = Date.now();
  const name = kinds.join(",");
  try {
    const report = await run({
      kinds,
      strikes: Number(values.runs),
      seed: Number(values.seed),
      machines: Number(values.machines),
      restEvery: Number(values["rest-every"]),
      folder,
      end: end.signal,
      ...(values.history && { tell: (line) => console.log(line) }),
    });
    const seconds = Math.round((Date.now() - began) / 1000);
    const { waits, deadlocks, ...numbers } = report;
    const counts = { ...numbers, deadlocks: deadlocks.length, waits: waits.length };
    console.log(`✓ ${name}, seed ${values.seed}, ${seconds} s: ${JSON.stringify(counts)}`);
    for (const deadlock of deadlocks) console.log(`    deadlock:\n${deadlock}`);
    for (const wait of waits) console.log(`    waited for a deadline: ${wait}`);
    rmSync(folder, { recursive: true });
  } catch (error) {
    failed = true;
    console.error(`✗ ${name}, seed ${values.seed}: ${(error as Error).message}`);
  }
}
process.exit(failed ? 1 : 0);
