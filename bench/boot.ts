// Power-on to waiting, and allocation to ssh, stage by stage, each beside its peer in the same run:
//   boot      the same servers, kernel and initramfs, started bare by QEMU (-kernel, -initrd) into the same region
//   install   the same image onto the same disk by plain tools in the discovery image (plain-install.sh)
// What we add on top of the peers should stay under 20 %.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { plainInstall } from "./plain-install.ts";

const TIMELINE = ".lab/timeline.json";
const AIM_PERCENT = 20;
/** Odd: two cores that emulate two servers give times that vary by a fifth. */
const RUNS = 3;

interface Chapter {
  readonly machine: string;
  readonly chapter: string;
  readonly stages: readonly { readonly stage: string; readonly at: number; readonly took: number }[];
}

/** Runs a region that only boots (and, unless bare, installs) both servers at once. */
async function regionRun(...options: string[]): Promise<Chapter[]> {
  await new Promise<void>((resolve, reject) => {
    const lab = spawn(process.execPath, ["lab/main.ts", "--speed", ...options], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    lab.on("close", (code) =>
      code === 0
        ? resolve()
        : reject(new Error(`the lab ended with code ${code ?? "none"}; its logs are in .lab/logs`)),
    );
  });
  return JSON.parse(readFileSync(TIMELINE, "utf8")) as Chapter[];
}

const stageOf = (chapters: readonly Chapter[], machine: string, chapter: string, stage: string) =>
  chapters
    .find((entry) => entry.machine === machine && entry.chapter === chapter)
    ?.stages.find((entry) => entry.stage === stage)?.at ?? NaN;

interface Measure {
  readonly what: string;
  readonly ours: number;
  readonly peer: number;
}

function print({ what, ours, peer }: Measure): void {
  const onTop = (100 * (ours - peer)) / peer;
  const verdict = onTop < AIM_PERCENT ? "" : `   MORE THAN ${AIM_PERCENT} %`;
  console.log(
    `${what.padEnd(38)} ${ours.toFixed(1).padStart(6)} s   peer ${peer.toFixed(1).padStart(6)} s   on top ${onTop.toFixed(0).padStart(4)} %${verdict}`,
  );
}

async function measure(): Promise<Measure[]> {
  console.log("two servers at once, started bare by QEMU …");
  const bare = await regionRun("--bare");
  console.log("two servers at once, through firmware and network, and installed …");
  const lab = await regionRun();
  console.log("two installations at once by plain tools …\n");
  const peerInstall = Math.max(...(await Promise.all([plainInstall(), plainInstall()])));
  for (const [name, chapters] of Object.entries({ bare, lab }))
    chapters.forEach((chapter) => printStages(chapter, name));
  return [...new Set(lab.map((chapter) => chapter.machine))].sort().flatMap((machine) => {
    const at = (chapter: string, stage: string) => stageOf(lab, machine, chapter, stage);
    const [jump, ssh] = [at("allocate", "booting the new kernel"), at("allocate", "ssh answers")];
    const bareWaits = stageOf(bare, machine, "boot", "waiting");
    return [
      { what: `${machine}: power-on → waiting`, ours: at("boot", "waiting"), peer: bareWaits },
      { what: `${machine}: allocate → installed`, ours: jump, peer: peerInstall },
      // The installed system's own boot is the same in both.
      { what: `${machine}: allocate → ssh`, ours: ssh, peer: peerInstall + ssh - jump },
    ];
  });
}

function printStages(chapter: Chapter, name: string): void {
  console.log(`${chapter.machine} ${chapter.chapter} (${name})`);
  for (const stage of chapter.stages)
    console.log(`  ${stage.stage.padEnd(28)} ${stage.at.toFixed(1).padStart(7)} s  (+${stage.took.toFixed(1)})`);
}

export async function benchBoot(): Promise<void> {
  const runs: Measure[][] = [];
  for (let run = 1; run <= RUNS; run++) {
    console.log(`\nrun ${run} of ${RUNS}`);
    const measures = await measure();
    console.log();
    measures.forEach(print);
    runs.push(measures);
  }
  console.log(`\nmedians of ${RUNS} runs`);
  runs[0]!.forEach(({ what }, row) =>
    print({ what, ours: median(runs.map((run) => run[row]!.ours)), peer: median(runs.map((run) => run[row]!.peer)) }),
  );
}

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
