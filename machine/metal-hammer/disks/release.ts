// Takes disks out of use: unmounts, switches swap off, deactivates volume groups and stops arrays on top of them.
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { run } from "../command.ts";

/** Without udev the tools must make device nodes themselves. */
export const WITHOUT_UDEV: NodeJS.ProcessEnv = { MDADM_NO_UDEV: "1", DM_DISABLE_UDEV: "1" };

/** Volume groups on arrays on volume groups …: nobody stacks deeper. */
const LAYERS = 4;

/** Kernel names of everything that uses the disk: its partitions and, recursively, arrays and mappings on them. */
async function usersOf(kernelName: string): Promise<string[]> {
  const folder = join("/sys/class/block", kernelName);
  const partitions = (await readdir(folder).catch(() => [])).filter((entry) => entry.startsWith(kernelName));
  const holders = await readdir(join(folder, "holders")).catch(() => []);
  const direct = [...partitions, ...holders];
  return [...direct, ...(await Promise.all(direct.map(usersOf))).flat()];
}

/** Lines of a table in /proc whose first column is a device: its kernel name and the second column. */
async function table(file: string): Promise<[device: string, target: string][]> {
  const lines = (await readFile(file, "utf8").catch(() => "")).split("\n");
  return lines.filter(Boolean).map((line) => {
    const [device = "", target = ""] = line.split(/\s+/);
    return [
      device,
      target.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCodePoint(Number.parseInt(octal, 8))),
    ];
  });
}

/** "/dev/mapper/vg-root" → "dm-0"; other devices keep their name. */
async function kernelNames(names: Iterable<string>): Promise<Set<string>> {
  const devices = new Set<string>();
  for (const name of names) {
    devices.add(`/dev/${name}`);
    const mapping = await readFile(join("/sys/class/block", name, "dm/name"), "utf8").catch(() => "");
    if (mapping !== "") devices.add(`/dev/mapper/${mapping.trim()}`);
  }
  return devices;
}

/**
 * Leaves the disks ("/dev/vda") and all on them unused. Errors are not fatal here: whoever opens a disk that is still
 * in use gets EBUSY, with a text.
 */
export async function releaseDisks(disks: readonly string[], signal: AbortSignal): Promise<void> {
  const env = { ...process.env, ...WITHOUT_UDEV };
  const attempt = async (command: string, ...args: string[]): Promise<unknown> =>
    run(command, args, { env, signal, timeoutMs: 60_000 }).catch(() => undefined);
  for (let layer = 0; layer < LAYERS; layer++) {
    const users = [...new Set((await Promise.all(disks.map(async (disk) => usersOf(basename(disk))))).flat())];
    const devices = await kernelNames([...disks.map((disk) => basename(disk)), ...users]);
    // Later mounts may lie inside earlier ones.
    for (const [device, target] of (await table("/proc/mounts")).reverse())
      if (devices.has(device)) await attempt("umount", target);
    for (const [device] of await table("/proc/swaps")) if (devices.has(device)) await attempt("swapoff", device);
    const mappings = users.filter((name) => name.startsWith("dm-"));
    const arrays = users.filter((name) => /^md[\d_]/.test(name));
    if (mappings.length === 0 && arrays.length === 0) return;
    if (mappings.length > 0) await attempt("lvm", "vgchange", "--activate", "n");
    for (const array of arrays) await attempt("mdadm", "--stop", `/dev/${array}`);
  }
}
