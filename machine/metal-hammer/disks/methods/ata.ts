// ATA SECURITY ERASE UNIT (ACS-3 §7.39), normal and enhanced, by hdparm.
import { run } from "../../command.ts";
import type { Disk } from "../inventory.ts";
import { ONE_COMMAND_MS, type EraseMethod, type FindMethods } from "./method.ts";

/** The feature needs a password; it is gone after the erase, and known should the power fail during it. */
const PASSWORD = "metal";

export interface AtaSecurity {
  readonly supported: boolean;
  readonly enabled: boolean;
  readonly locked: boolean;
  /** Set by many BIOSes at power-on: the disk refuses until it is power-cycled. */
  readonly frozen: boolean;
  readonly enhancedErase: boolean;
  /** What the disk thinks that it takes, normal and enhanced; 0 when it does not say. */
  readonly minutes: number;
  readonly enhancedMinutes: number;
}

/** The "Security:" part of `hdparm -I`: one word a line, with "not" before what does not hold. */
export function readAtaSecurity(identification: string): AtaSecurity {
  const section = /^Security:[^\n]*\n((?:[ \t]+[^\n]*\n?)*)/m.exec(identification)?.[1] ?? "";
  const holds = (word: string): boolean => new RegExp(`^[ \\t]+${word}`, "m").test(section);
  const minutes = (what: string): number => Number(new RegExp(`(\\d+)min for ${what}`).exec(section)?.[1] ?? 0);
  return {
    supported: holds("supported(?!:)"),
    enabled: holds("enabled"),
    locked: holds("locked"),
    frozen: holds("frozen"),
    enhancedErase: holds("supported: enhanced erase"),
    minutes: minutes("SECURITY"),
    enhancedMinutes: minutes("ENHANCED"),
  };
}

/** Disks are optimistic, and stop counting at 508 minutes (ACS-3 §7.12.7.44). */
const OPTIMISM = 3;
const LONGEST_ESTIMATE = 508;

function patience(minutes: number): number {
  const known = minutes > 0 && minutes < LONGEST_ESTIMATE;
  return known ? Math.min(ONE_COMMAND_MS, (OPTIMISM * minutes + 10) * 60_000) : ONE_COMMAND_MS;
}

async function erase(option: string, enabled: boolean, disk: Disk, signal: AbortSignal): Promise<void> {
  const user = ["--user-master", "u"];
  // Enabled already: an erase was interrupted, with our password.
  if (!enabled) await run("hdparm", [...user, "--security-set-pass", PASSWORD, disk.name], { signal });
  try {
    await run("hdparm", [...user, option, PASSWORD, disk.name], { timeoutMs: ONE_COMMAND_MS, signal });
  } catch (error) {
    await run("hdparm", [...user, "--security-disable", PASSWORD, disk.name]).catch(() => undefined);
    throw error;
  }
}

/** The enhanced erase also takes reallocated sectors, and may leave a pattern or, on self-encrypting disks, noise. */
export const findAtaMethods: FindMethods = async (disk, signal) => {
  if (disk.transport !== "sata") return [];
  const identify = async (): Promise<AtaSecurity> =>
    readAtaSecurity(await run("hdparm", ["-I", disk.name], { signal }));
  const { supported, frozen, enhancedErase, minutes, enhancedMinutes } = await identify();
  if (!supported || frozen) return [];
  const normal: EraseMethod = {
    name: "ata-secure-erase",
    leaves: "zeros",
    patienceMs: patience(minutes),
    execute: async (disk, { signal }) => erase("--security-erase", (await identify()).enabled, disk, signal),
  };
  if (!enhancedErase) return [normal];
  const enhanced: EraseMethod = {
    name: "ata-secure-erase-enhanced",
    leaves: "changed",
    patienceMs: patience(enhancedMinutes),
    execute: async (disk, { signal }) => erase("--security-erase-enhanced", (await identify()).enabled, disk, signal),
  };
  return [enhanced, normal];
};
