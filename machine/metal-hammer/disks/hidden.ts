// Parts of a disk that the system does not show, and that an erase would therefore not reach: a host-protected area, a
// configuration overlay, NVMe namespaces that are not attached.
import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { run } from "../command.ts";
import { diskNamed, type Disk } from "./inventory.ts";
import { readDcoSectors, readHpa, readNamespaces } from "./rules-hidden.ts";

export interface Revealed {
  /** The disk; bigger than before when something hidden came to light. */
  readonly disk: Disk;
  /** Bytes by the disk's own account; undefined when it does not tell. */
  readonly nativeSize?: bigint;
  /** What stays hidden and what to do about it; empty when nothing. */
  readonly objections: readonly string[];
}

/** Lifts what can be lifted. @throws only on abort */
export async function revealHidden(disk: Disk, signal: AbortSignal): Promise<Revealed> {
  if (disk.transport === "sata") return revealAta(disk, signal);
  if (disk.transport === "nvme") return { disk, objections: await hiddenNamespaces(disk, signal) };
  return { disk, objections: [] };
}

async function ask(signal: AbortSignal, command: string, ...args: string[]): Promise<string> {
  try {
    return await run(command, args, { signal });
  } catch {
    signal.throwIfAborted();
    return "";
  }
}

/** ATA-8 ACS: READ NATIVE MAX ADDRESS (§7.33) and DEVICE CONFIGURATION IDENTIFY (§7.9.3), by hdparm. */
async function revealAta(disk: Disk, signal: AbortSignal): Promise<Revealed> {
  const hpa = readHpa(await ask(signal, "hdparm", "-N", disk.name));
  const native = Math.max(hpa?.native ?? 0, readDcoSectors(await ask(signal, "hdparm", "--dco-identify", disk.name)));
  const sizeOf = (sectors: number) => BigInt(sectors) * BigInt(disk.sectorSize);
  let revealed = disk;
  if (hpa && hpa.native > hpa.visible) {
    // "p": for good, not only until the next power cycle.
    await ask(signal, "hdparm", "--yes-i-know-what-i-am-doing", "-N", `p${hpa.native}`, disk.name);
    const kernelName = basename(disk.name);
    await writeFile(`/sys/block/${kernelName}/device/rescan`, "1").catch(() => undefined);
    revealed = await diskNamed(kernelName);
  }
  const missing = sizeOf(native) - revealed.size;
  return {
    disk: revealed,
    ...(native > 0 && { nativeSize: sizeOf(native) }),
    objections: missing > 0n ? [hiddenArea(missing, hpa !== undefined && hpa.native > hpa.visible)] : [],
  };
}

function hiddenArea(bytes: bigint, hpa: boolean): string {
  return hpa
    ? `${bytes} bytes at its end are hidden by a host-protected area that cannot be lifted now: power-cycle the machine and erase again`
    : `${bytes} bytes at its end are hidden by a device configuration overlay: remove it (hdparm --dco-restore), power-cycle the machine and erase again`;
}

async function hiddenNamespaces(disk: Disk, signal: AbortSignal): Promise<string[]> {
  const list = async (...options: string[]) =>
    readNamespaces(await ask(signal, "nvme", "list-ns", disk.name, ...options, "--output-format=json"));
  const allocated = await list("--all");
  if (allocated.length === 0) return [];
  const attached = new Set(await list());
  const detached = allocated.filter((namespace) => !attached.has(namespace));
  if (detached.length === 0) return [];
  return [
    `its controller has namespaces that are not attached (${detached.join(", ")}), whose data stays: attach them (nvme attach-ns) or delete them (nvme delete-ns), and erase again`,
  ];
}
