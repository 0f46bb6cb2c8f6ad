// Power-on to waiting, and allocation to ssh, stage by stage, each beside its peer in the same run:
//   boot      the same servers, kernel and initramfs, started bare by QEMU (-kernel, -initrd) into the same region
//   install   the same image onto the same disk by plain tools in the discovery image (plain-install.sh)
// What we add on top of the peers should stay under 20 %.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { plainInstall } from "./plain-install.ts";

const TIMELINE = ".lab/timeline.json";
const AIM_PERCENT = 20;

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

function compare(what: string, ours: number, peer: number): void {
  const onTop = (100 * (ours - peer)) / peer;
  const verdict = onTop < AIM_PERCENT ? "" : `   MORE THAN ${AIM_PERCENT} %`;
  console.log(
    `${what.padEnd(38)} ${ours.toFixed(1).padStart(6)} s   peer ${peer.toFixed(1).padStart(6)} s   on top ${onTop.toFixed(0).padStart(4)} %${verdict}`,
  );
}

export async function benchBoot(): Promise<void> {
  console.log("two servers at once, started bare by QEMU …");
  const bare = await regionRun("--bare");
  console.log("two servers at once, through firmware and network, and installed …");
  const lab = await regionRun();
  console.log("two installations at once by plain tools …\n");
  const plain = await Promise.all([plainInstall(), plainInstall()]);
  const peerInstall = Math.max(...plain);
  for (const machine of [...new Set(lab.map((chapter) => chapter.machine))].sort()) {
    const at = (chapter: string, stage: string) => stageOf(lab, machine, chapter, stage);
    compare(`${machine}: power-on → waiting`, at("boot", "waiting"), stageOf(bare, machine, "boot", "waiting"));
    const [jump, ssh] = [at("allocate", "booting the new kernel"), at("allocate", "ssh answers")];
    compare(`${machine}: allocate → installed`, jump, peerInstall);
    // The installed system's own boot is the same in both.
    compare(`${machine}: allocate → ssh`, ssh, peerInstall + ssh - jump);
  }
  for (const [name, chapters] of Object.entries({ bare, lab }))
    for (const chapter of chapters) {
      console.log(`\n${chapter.machine} ${chapter.chapter} (${name})`);
      for (const stage of chapter.stages)
        console.log(`  ${stage.stage.padEnd(28)} ${stage.at.toFixed(1).padStart(7)} s  (+${stage.took.toFixed(1)})`);
    }
}
