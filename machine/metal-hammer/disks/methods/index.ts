import type { Disk } from "../inventory.ts";
import { findAtaMethods } from "./ata.ts";
import type { EraseMethod, FindMethods } from "./method.ts";
import { findNvmeMethods } from "./nvme.ts";
import { findPlainMethods } from "./overwrite.ts";
import { findScsiMethods } from "./scsi.ts";

export { STALLED_MS, type EraseMethod } from "./method.ts";

/** What reaches reallocated and over-provisioned cells comes before what only reaches addressable ones. */
const KINDS: readonly FindMethods[] = [findNvmeMethods, findAtaMethods, findScsiMethods, findPlainMethods];

/** All that the disk can do, strongest first; a kind that cannot be asked for is left out. @throws only on abort */
export async function findMethods(disk: Disk, signal: AbortSignal): Promise<EraseMethod[]> {
  const found: EraseMethod[] = [];
  for (const find of KINDS) found.push(...(await find(disk, signal).catch(() => [])));
  signal.throwIfAborted();
  return found;
}
