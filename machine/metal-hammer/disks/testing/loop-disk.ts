// A disk for tests: a loop device on a sparse file. Needs root and loop devices.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { diskNamed, type Disk } from "../inventory.ts";

export interface LoopDisk extends AsyncDisposable {
  readonly disk: Disk;
  /** The file behind the device. */
  readonly file: string;
}

/** Why loop devices cannot be used here; undefined when they can. */
export function whyNoLoopDisks(): string | undefined {
  if (process.getuid?.() !== 0) return "not root";
  try {
    execFileSync("losetup", ["--find"], { stdio: "pipe" });
    return undefined;
  } catch (error) {
    return `no loop device: ${(error as Error).message.split("\n")[0]}`;
  }
}

export async function createLoopDisk(bytes: number): Promise<LoopDisk> {
  const folder = mkdtempSync(join(tmpdir(), "loop-disk-"));
  const file = join(folder, "disk");
  writeFileSync(file, "");
  truncateSync(file, bytes);
  const device = execFileSync("losetup", ["--find", "--show", file], { encoding: "utf8" }).trim();
  return {
    disk: await diskNamed(basename(device)),
    file,
    [Symbol.asyncDispose]: async () => {
      execFileSync("losetup", ["--detach", device]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
