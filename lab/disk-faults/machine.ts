// A virtual machine that boots the discovery image, byte by byte as it is shipped, and erases its disks by the hammer's code.
// The code comes on a CD, which Node is told by the kernel's command line to load first: the kernel hands parameters that
// it does not know to /init as environment. So the test does not depend on how the image is packed.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { bundleHammer } from "@metal-stack/discovery-image/bundle.ts";
import { Qmp } from "../virtual-server/qmp.ts";

const IMAGE = fileURLToPath(new URL("../../.cache/images/discovery-image", import.meta.url));
const QMP_DESCRIPTOR = 3;
const CD_SECTOR = 2048;

/** What the hammer tells of one disk (agent.v1 DiskErase). */
export interface DiskRecord {
  readonly name: string;
  readonly serial: string;
  readonly verified: boolean;
  readonly method?: string;
  readonly error?: string;
  readonly attempts: readonly string[];
  readonly sectorsSampled?: number;
  readonly marksProven?: number;
}

export type Told =
  | { readonly kind: "started" }
  | { readonly kind: "progress"; readonly disk: string; readonly fraction: number; readonly message: string }
  | { readonly kind: "done"; readonly disks: readonly DiskRecord[]; readonly milliseconds: number }
  | { readonly kind: "failed"; readonly error: string };

/** Puts the code that runs in the guest on a CD. */
export async function burnGuestCode(folder: string): Promise<string> {
  const code = await bundleHammer(fileURLToPath(new URL("guest.ts", import.meta.url)));
  const disc = Buffer.alloc(Math.ceil(code.length / CD_SECTOR) * CD_SECTOR, "\n");
  disc.set(code);
  const path = join(folder, "guest.cd");
  writeFileSync(path, disc);
  return path;
}

export interface ErasingOptions {
  readonly folder: string;
  readonly name: string;
  readonly cd: string;
  /** QEMU's arguments for the disks. */
  readonly disks: readonly string[];
  /** How many the guest must see before it begins. */
  readonly count: number;
  readonly patienceMs: number;
  readonly limitMs: number;
}

export class ErasingMachine {
  readonly told: Told[] = [];
  readonly qmp: Qmp;
  /** Resolves when QEMU ended and all it wrote is here. */
  readonly ended: Promise<void>;
  readonly #process: ChildProcess;
  readonly #options: ErasingOptions;

  constructor(options: ErasingOptions) {
    this.#options = options;
    const { folder, name, cd, disks, count, patienceMs } = options;
    // no_timer_check: on a host with much other work a virtual timer seems broken to the kernel, which then gives up.
    const parameters = [
      "console=ttyS0",
      "no_timer_check",
      "NODE_OPTIONS=--require=/dev/sr0",
      `DISKS=${count}`,
      `PATIENCE=${patienceMs}`,
    ];
    const qemu = [
      ["qemu-system-x86_64", "-accel", "tcg,tb-size=256", "-machine", "q35,graphics=off", "-m", "1024"],
      ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
      ["-kernel", join(IMAGE, "metal-kernel"), "-initrd", join(IMAGE, "metal-hammer-initrd.img.zst")],
      ["-append", parameters.join(" ")],
      ["-serial", `file:${join(folder, `${name}.console`)}`, "-serial", "stdio"],
      ["-chardev", `socket,id=qmp,fd=${QMP_DESCRIPTOR}`, "-mon", "chardev=qmp,mode=control"],
      ["-drive", `if=none,id=cd,file=${cd},format=raw,readonly=on`, "-device", "ide-cd,drive=cd,bus=ide.0"],
      disks,
    ].flat();
    this.#process = spawn("setpriv", ["--pdeathsig", "KILL", ...qemu], {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    });
    const output = this.#process.stderr!;
    output.on("data", (text: Buffer) => writeFileSync(join(folder, `${name}.qemu`), text, { flag: "a" }));
    this.qmp = new Qmp((this.#process.stdio as readonly unknown[])[QMP_DESCRIPTOR] as Duplex, () => undefined);
    this.ended = new Promise((resolve) => this.#process.on("close", () => resolve()));
  }

  /** @throws {Error} with the end of the console, when the guest does not come to an end within the limit */
  async erase(): Promise<readonly DiskRecord[]> {
    const tooLate = setTimeout(() => this.powerOff(), this.#options.limitMs);
    try {
      const lines = createInterface({ input: this.#process.stdout! });
      // When it does not even start, its last words say why.
      this.qmp.execute("qmp_capabilities").catch(() => undefined);
      for await (const line of lines) {
        const told = JSON.parse(line) as Told;
        this.told.push(told);
        if (told.kind === "done") return told.disks;
        if (told.kind === "failed") throw new Error(told.error);
      }
      await this.ended;
      throw new Error(`the machine ended before its erase: ${this.#lastWords()}`);
    } finally {
      clearTimeout(tooLate);
      await this.powerOff();
    }
  }

  /** At once, as when the power fails. */
  async powerOff(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.ended;
  }

  #lastWords(): string {
    const { folder, name } = this.#options;
    return ["qemu", "console"]
      .map((kind) => join(folder, `${name}.${kind}`))
      .map((path) => (existsSync(path) ? readFileSync(path, "latin1").slice(-1_500) : ""))
      .join("\n");
  }
}
