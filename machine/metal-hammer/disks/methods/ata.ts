// ATA SECURITY ERASE UNIT (ACS-3 §7.39), normal and enhanced, by hdparm.
import { run } from "../../command.ts";
import type { Disk } from "../inventory.ts";
import { ERASE_TIME_LIMIT_MS, type EraseMethod } from "./method.ts";

/** The feature needs a password; it is gone after the erase, and known should the power fail during it. */
const PASSWORD = "metal";

export interface AtaSecurity {
  readonly supported: boolean;
  readonly enabled: boolean;
  readonly locked: boolean;
  /** Set by many BIOSes at power-on: the disk refuses until it is power-cycled. */
  readonly frozen: boolean;
  readonly enhancedErase: boolean;
}

/** The "Security:" part of `hdparm -I`: one word a line, with "not" before what does not hold. */
export function readAtaSecurity(identification: string): AtaSecurity {
  const section = /^Security:[^\n]*\n((?:[ \t]+[^\n]*\n?)*)/m.exec(identification)?.[1] ?? "";
  const holds = (word: string): boolean => new RegExp(`^[ \\t]+${word}`, "m").test(section);
  return {
    supported: holds("supported(?!:)"),
    enabled: holds("enabled"),
    locked: holds("locked"),
    frozen: holds("frozen"),
    enhancedErase: holds("supported: enhanced erase"),
  };
}

async function erase(option: string, disk: Disk, signal: AbortSignal): Promise<void> {
  const { enabled } = readAtaSecurity(await run("hdparm", ["-I", disk.name], { signal }));
  const user = ["--user-master", "u"];
  // Enabled already: an erase was interrupted, with our password.
  if (!enabled) await run("hdparm", [...user, "--security-set-pass", PASSWORD, disk.name], { signal });
  try {
    await run("hdparm", [...user, option, PASSWORD, disk.name], { timeoutMs: ERASE_TIME_LIMIT_MS, signal });
  } catch (error) {
    await run("hdparm", [...user, "--security-disable", PASSWORD, disk.name]).catch(() => undefined);
    throw error;
  }
}

function ataMethod(name: string, leaves: EraseMethod["leaves"], option: string, enhanced: boolean): EraseMethod {
  return {
    name,
    leaves,
    applicable: async (disk, signal) => {
      if (disk.transport !== "sata") return false;
      const security = readAtaSecurity(await run("hdparm", ["-I", disk.name], { signal }));
      return security.supported && !security.frozen && (!enhanced || security.enhancedErase);
    },
    execute: async (disk, { signal }) => erase(option, disk, signal),
  };
}

/** The enhanced erase also takes reallocated sectors, and may leave a pattern or, on self-encrypting disks, noise. */
export const ataMethods: readonly EraseMethod[] = [
  ataMethod("ata-secure-erase-enhanced", "changed", "--security-erase-enhanced", true),
  ataMethod("ata-secure-erase", "zeros", "--security-erase", false),
];
