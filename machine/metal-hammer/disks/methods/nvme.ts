// NVMe's own erase commands: Sanitize (NVM Express Base 2.0 §5.24) and Format NVM (§5.14).
import { readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../command.ts";
import type { Disk } from "../inventory.ts";
import { ERASE_TIME_LIMIT_MS, type EraseMethod, type Execution } from "./method.ts";

/** What the controller can do (Identify Controller). */
interface Controller {
  /** Optional admin commands; bit 1: Format NVM. */
  readonly oacs: number;
  /** Format: bit 0 formats, bit 1 erases all namespaces at once; bit 2: cryptographic erase supported. */
  readonly fna: number;
  /** Sanitize: bit 0 crypto erase, bit 1 block erase. */
  readonly sanicap: number;
}

async function identify(disk: Disk, signal: AbortSignal): Promise<Controller> {
  return JSON.parse(await run("nvme", ["id-ctrl", disk.name, "--output-format=json"], { signal })) as Controller;
}

/** Sanitize and some formats take all namespaces of a controller; two disks must not do that to each other at once. */
async function hasControllerForItself(disk: Disk): Promise<boolean> {
  const controller = /^\/dev\/(nvme\d+)n\d+$/.exec(disk.name)?.[1];
  const namespaces = (await readdir("/sys/block")).filter((name) => name.startsWith(`${controller}n`));
  return controller !== undefined && namespaces.length === 1;
}

/** Sanitize status, low three bits of SSTAT (log page 81h). */
const SANITIZED = 1;
const SANITIZING = 2;
const SANITIZE_FAILED = 3;
const POLL_MS = 1_000;

interface SanitizeLog {
  /** 0..65535 */
  readonly sprog: number;
  readonly sstat: number;
}

/** nvme-cli nests the log under the device's name, and breaks SSTAT up, depending on its version. */
export function readSanitizeLog(json: string): SanitizeLog {
  const top = JSON.parse(json) as Record<string, unknown>;
  const log = ("sprog" in top ? top : Object.values(top)[0]) as {
    sprog: number;
    sstat: number | Record<string, number>;
  };
  const { sstat } = log;
  const status =
    typeof sstat === "number" ? sstat : (sstat["status"] ?? Number.parseInt(String(Object.values(sstat)[0]), 10));
  return { sprog: log.sprog, sstat: status & 0b111 };
}

async function sanitize(action: string, disk: Disk, { progress, signal }: Execution): Promise<void> {
  await run("nvme", ["sanitize", disk.name, `--sanact=${action}`], { signal });
  for (const end = Date.now() + ERASE_TIME_LIMIT_MS; Date.now() < end;) {
    await sleep(POLL_MS, undefined, { signal });
    const log = readSanitizeLog(await run("nvme", ["sanitize-log", disk.name, "--output-format=json"], { signal }));
    if (log.sstat === SANITIZE_FAILED) throw new Error("the disk reports that its last sanitize failed");
    if (log.sstat !== SANITIZING) {
      if (log.sstat !== SANITIZED && log.sstat !== 4) throw new Error(`unexpected sanitize status ${log.sstat}`);
      return;
    }
    progress(log.sprog / 65_535);
  }
  throw new Error("sanitize did not end within a day");
}

async function format(secureErase: number, disk: Disk, signal: AbortSignal): Promise<void> {
  const options = ["--force", `--timeout=${ERASE_TIME_LIMIT_MS}`];
  await run("nvme", ["format", disk.name, `--ses=${secureErase}`, ...options], {
    signal,
    timeoutMs: ERASE_TIME_LIMIT_MS,
  });
}

/** The methods differ in what the controller must offer and in whether other namespaces are hit. */
function nvmeMethod(
  method: Pick<EraseMethod, "name" | "leaves" | "execute">,
  offers: (controller: Controller) => boolean,
  hitsAll: (controller: Controller) => boolean,
): EraseMethod {
  const applicable = async (disk: Disk, signal: AbortSignal): Promise<boolean> => {
    if (disk.transport !== "nvme") return false;
    const controller = await identify(disk, signal);
    return offers(controller) && (!hitsAll(controller) || (await hasControllerForItself(disk)));
  };
  return { ...method, applicable };
}

const always = (): boolean => true;
const formatsAll = ({ fna }: Controller): boolean => (fna & 0b011) !== 0;

export const nvmeMethods: readonly EraseMethod[] = [
  nvmeMethod(
    { name: "nvme-sanitize-crypto", leaves: "changed", execute: async (disk, how) => sanitize("4", disk, how) },
    ({ sanicap }) => (sanicap & 0b01) !== 0,
    always,
  ),
  nvmeMethod(
    { name: "nvme-sanitize-block", leaves: "zeros", execute: async (disk, how) => sanitize("2", disk, how) },
    ({ sanicap }) => (sanicap & 0b10) !== 0,
    always,
  ),
  nvmeMethod(
    { name: "nvme-format-crypto", leaves: "changed", execute: async (disk, { signal }) => format(2, disk, signal) },
    ({ oacs, fna }) => (oacs & 0b10) !== 0 && (fna & 0b100) !== 0,
    formatsAll,
  ),
  nvmeMethod(
    { name: "nvme-format", leaves: "zeros", execute: async (disk, { signal }) => format(1, disk, signal) },
    ({ oacs }) => (oacs & 0b10) !== 0,
    formatsAll,
  ),
];
