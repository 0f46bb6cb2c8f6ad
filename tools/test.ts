// `npm test`: everything, in order of how fast it fails; one line a part, and a verdict at the end that adds up.
//   npm test                 all
//   npm test -- --fast       without the parts that start virtual machines
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { relative } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { installDebianPackages } from "../lab/setup/debian.ts";
import { duration, step } from "../lab/setup/step.ts";

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  /** What failed, and why, in a line each. */
  failures?: readonly string[];
}

interface Part {
  readonly name: string;
  readonly command: readonly string[];
  /** Where the part's own counts are found afterwards; a part without one counts as one test. */
  readonly counts?: () => Tally;
  /** Starts virtual machines; left out by --fast. */
  readonly machines?: boolean;
}

const UNIT_REPORT = ".cache/unit-tests.json";
const ALONE_REPORT = ".cache/alone-tests.json";
const MACHINE_REPORT = ".cache/machine-tests.json";
const LAB_REPORT = ".lab/checks.json";

/**
 * Tests make network namespaces, and with each the mounts of all others are copied: a disk that one test unmounts would stay
 * in use in the copy, unless unmounting reaches the copies, too.
 */
const SHARED_MOUNTS = ["unshare", "--mount", "--propagation", "shared"];
const shareMounts = spawnSync(SHARED_MOUNTS[0]!, [...SHARED_MOUNTS.slice(1), "true"]).status === 0;

const vitest = (report: string, ...more: string[]) => [
  ...(shareMounts ? SHARED_MOUNTS : []),
  "vitest",
  "run",
  "--reporter=dot",
  "--reporter=json",
  `--outputFile=${report}`,
  ...more,
];

const PARTS: readonly Part[] = [
  { name: "format", command: ["oxfmt", "--check", "."] },
  { name: "lint", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  { name: "types", command: ["tsc", "--noEmit"] },
  { name: "layers", command: ["node", "tools/check-layers.ts"] },
  { name: "unused code", command: ["knip", "--exclude", "binaries"] },
  {
    name: "unit and service tests",
    command: vitest(UNIT_REPORT, "--exclude=**/*.{lab,alone}.test.ts"),
    counts: () => vitestCounts(UNIT_REPORT),
  },
  {
    // They keep every core busy for minutes.
    name: "tests alone",
    command: vitest(ALONE_REPORT, ".alone.test.ts"),
    counts: () => vitestCounts(ALONE_REPORT),
  },
  {
    name: "tests in machines",
    command: vitest(MACHINE_REPORT, ".lab.test.ts"),
    counts: () => vitestCounts(MACHINE_REPORT),
    machines: true,
  },
  { name: "the first machine (lab)", command: ["node", "lab/main.ts", "--once"], counts: labCounts, machines: true },
];

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

function vitestCounts(report: string): Tally {
  const result = JSON.parse(readFileSync(report, "utf8")) as VitestReport;
  // A file that does not load has no tests that could fail; it must not go unseen.
  const failed = result.numFailedTests || (result.numFailedTestSuites > 0 ? 1 : 0);
  const failures = result.testResults.flatMap((file) => {
    const path = relative(process.cwd(), file.name);
    const tests = file.assertionResults.filter((test) => test.status === "failed");
    if (tests.length === 0 && file.status === "failed") return [`${path}: ${file.message}`];
    return tests.map((test) => `${path}: ${test.fullName}: ${test.failureMessages?.join(" ") ?? ""}`);
  });
  return {
    passed: result.numPassedTests,
    failed,
    skipped: result.numPendingTests + result.numTodoTests,
    failures,
  };
}

function labCounts(): Tally {
  const checks = JSON.parse(readFileSync(LAB_REPORT, "utf8")) as { ok: boolean; name: string }[];
  const failures = checks.filter((check) => !check.ok).map((check) => check.name);
  return { passed: checks.length - failures.length, failed: failures.length, skipped: 0, failures };
}

/** The gist of a failure: its first words, without colours and line breaks. */
function oneLine(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\s+/g, " ").slice(0, 400);
}

function run(command: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command[0]!, command.slice(1), { stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.on("close", (code) => resolve(code ?? 1));
  });
}

async function runPart(part: Part): Promise<Tally> {
  console.log(`\n── ${part.name}`);
  const started = Date.now();
  for (const report of [UNIT_REPORT, ALONE_REPORT, MACHINE_REPORT, LAB_REPORT])
    if (part.counts) rmSync(report, { force: true });
  const code = await run(part.command);
  let tally: Tally = { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  try {
    if (part.counts) tally = part.counts();
  } catch {
    tally = { passed: 0, failed: 1, skipped: 0 };
  }
  if (code !== 0 && tally.failed === 0) tally.failed = 1;
  console.log(
    `── ${part.name}: ${tally.failed === 0 ? "ok" : "FAILED"} (${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped, ${duration(Date.now() - started)})`,
  );
  return tally;
}

const fast = process.argv.includes("--fast");
const total: Tally = { passed: 0, failed: 0, skipped: 0 };
const failedParts: string[] = [];
const failures: string[] = [];
const started = Date.now();
try {
  await step("Debian packages", (report) => installDebianPackages(report, { tests: true }));
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
for (const part of PARTS) {
  if (part.machines && fast) {
    console.log(`\n── ${part.name}: SKIPPED (--fast)`);
    total.skipped += 1;
    continue;
  }
  const tally = await runPart(part);
  total.passed += tally.passed;
  total.failed += tally.failed;
  total.skipped += tally.skipped;
  if (tally.failed === 0) continue;
  failedParts.push(part.name);
  failures.push(...(tally.failures ?? []));
}
// Once more at the end, where it is seen: the parts told their failures long ago.
if (failures.length > 0) console.log(`\n${failures.map((failure) => `  ✗ ${oneLine(failure)}`).join("\n")}`);
console.log(
  `\n${failedParts.length === 0 ? "everything works" : `FAILED: ${failedParts.join(", ")}`} after ${duration(Date.now() - started)}`,
);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed === 0 ? 0 : 1);
