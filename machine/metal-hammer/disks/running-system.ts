// The belt to the braces: code that erases or repartitions every disk of the machine it runs on refuses to do so on a
// machine that lives on a disk.
import { statfs } from "node:fs/promises";

/** File system types of an initramfs (linux/magic.h: TMPFS_MAGIC, RAMFS_MAGIC). */
const IN_MEMORY: readonly number[] = [0x0102_1994, 0x8584_58f6];

/** @throws when the root file system is not in memory, i.e. this is not the discovery image */
export async function assertRunsFromMemory(): Promise<void> {
  const { type } = await statfs("/");
  if (!IN_MEMORY.includes(type >>> 0))
    throw new Error(
      "refused: the root file system is not in memory, so this is no discovery image but a system in use",
    );
}
