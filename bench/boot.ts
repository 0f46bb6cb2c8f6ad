// Power-on to a working hammer in the lab, stage by stage, beside the same kernel and initramfs started bare by QEMU:
// what our way through firmware, DHCP, iPXE and registration adds.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const IMAGES = ".cache/images/discovery-image";
const TIMELINE = ".lab/timeline.json";
/** The first line that the hammer prints itself, with its clock; started bare it then misses its configuration. */
const HAMMER_RUNS = /\[ *([\d.]+)\] hammer: /;
const HAMMER_WAITS = /\[ *([\d.]+)\] hammer: waiting for an allocation/;

interface Chapter {
  readonly machine: string;
  readonly chapter: string;
  readonly stages: readonly { readonly stage: string; readonly at: number; readonly took: number }[];
}

/** Seconds from the start of QEMU until the hammer speaks, without firmware network boot. */
function bareBoot(): Promise<number> {
  const started = Date.now();
  return new Promise((resolve, reject) => {
    const machine = spawn(
      "qemu-system-x86_64",
      [
        "-nodefaults",
        "-no-reboot",
        ["-machine", "q35"],
        ["-accel", "tcg,tb-size=256"],
        ["-m", "1024"],
        ["-display", "none"],
        ["-serial", "stdio"],
        ["-kernel", `${IMAGES}/metal-kernel`],
        ["-initrd", `${IMAGES}/metal-hammer-initrd.img.zst`],
        ["-append", "console=ttyS0,115200"],
      ].flat(),
    );
    machine.on("error", reject);
    machine.on("close", () => reject(new Error("QEMU ended before the hammer ran")));
    createInterface({ input: machine.stdout }).on("line", (line) => {
      if (!HAMMER_RUNS.test(line)) return;
      machine.kill("SIGKILL");
      resolve((Date.now() - started) / 1000);
    });
  });
}

/** Seconds since the kernel started at which a machine's console first said so. */
function sinceKernelStart(machine: string, what: RegExp): number {
  return Number(what.exec(readFileSync(`.lab/logs/${machine}.console`, "latin1"))?.[1]);
}

function labRun(): Promise<void> {
  return new Promise((resolve, reject) => {
    const lab = spawn(process.execPath, ["lab/main.ts", "--once"], { stdio: ["ignore", "ignore", "inherit"] });
    lab.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`the lab ended with code ${code ?? "none"}`)),
    );
  });
}

export async function benchBoot(): Promise<void> {
  console.log("two machines side by side, bare …");
  const bare = Math.max(...(await Promise.all([bareBoot(), bareBoot()])));
  console.log("two machines side by side, in the lab (the whole story) …");
  await labRun();
  const chapters = JSON.parse(readFileSync(TIMELINE, "utf8")) as Chapter[];
  const at = (chapter: Chapter, stage: string) => chapter.stages.find((entry) => entry.stage === stage)?.at ?? NaN;
  console.log(`\nbare: from QEMU's start until the hammer runs       ${bare.toFixed(1)} s`);
  for (const chapter of chapters.filter((entry) => entry.chapter === "boot")) {
    const waiting = at(chapter, "waiting");
    // The hammer tells its times since its kernel started: what it would take started bare, without firmware and network boot.
    const sinceKernel = sinceKernelStart(chapter.machine, HAMMER_WAITS);
    const onTop = (100 * (waiting - sinceKernel)) / sinceKernel;
    console.log(
      `${chapter.machine}: from its kernel's start until the hammer runs      ${sinceKernelStart(chapter.machine, HAMMER_RUNS).toFixed(1)} s`,
    );
    console.log(`${chapter.machine}: from its kernel's start until waiting              ${sinceKernel.toFixed(1)} s`);
    console.log(
      `${chapter.machine}: from power-on until waiting                        ${waiting.toFixed(1)} s   on top ${onTop.toFixed(0)} %`,
    );
  }
  for (const chapter of chapters) {
    console.log(`\n${chapter.machine} ${chapter.chapter}`);
    for (const stage of chapter.stages)
      console.log(`  ${stage.stage.padEnd(28)} ${stage.at.toFixed(1).padStart(7)} s  (+${stage.took.toFixed(1)})`);
  }
}
