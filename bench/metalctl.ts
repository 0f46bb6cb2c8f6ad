// How long a command line takes to start: `metalctl version`, as users install it, beside `node -e 0`. No API answers.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";

const RUNS = 20;
/** What starting may cost beyond Node itself: 120 ms where Node takes 80. */
const LIMIT_MS = 40;
/** Nobody listens there. */
const NO_API = "http://127.0.0.1:2/metal";

function milliseconds(args: readonly string[], home: string): number {
  const start = performance.now();
  const env = { PATH: process.env["PATH"], HOME: home, METALCTL_API_URL: NO_API };
  const { error } = spawnSync(process.execPath, args, { cwd: home, env, stdio: "ignore" });
  if (error) throw error;
  return performance.now() - start;
}

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

export async function benchMetalctl(): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "bench-metalctl-"));
  try {
    const built = spawnSync(process.execPath, ["clients/metalctl/build.ts", home], { encoding: "utf8" });
    if (built.status !== 0) throw new Error(`building metalctl: ${built.stderr}`);
    const ways = { "node -e 0": ["-e", "0"], "metalctl version": [built.stdout.trim(), "version"] };
    // The first run of each fills caches, the compile cache among them; then one after the other, in turns.
    const times = Object.values(ways).map((args) => ({ args, warm: milliseconds(args, home), runs: [] as number[] }));
    for (let run = 0; run < RUNS; run++) for (const { args, runs } of times) runs.push(milliseconds(args, home));
    const [bare = 0, ours = 0] = times.map(({ runs }) => median(runs));
    console.log(`node -e 0                 ${bare.toFixed(0).padStart(7)} ms   median of ${RUNS}`);
    console.log(
      `metalctl version          ${ours.toFixed(0).padStart(7)} ms   first start ${times[1]!.warm.toFixed(0)} ms`,
    );
    console.log(
      `ratio                     ${(ours / bare).toFixed(2).padStart(7)}      ${(ours - bare).toFixed(0)} ms more; the limit is ${LIMIT_MS} ms more`,
    );
  } finally {
    rmSync(home, { recursive: true });
  }
}
