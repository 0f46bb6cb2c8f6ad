// NVMe's own erase commands: Sanitize (NVM Express Base 2.0 §5.24) and Format NVM (§5.14).
import { readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../command.ts";
import type { Disk } from "../inventory.ts";
import { ONE_COMMAND_MS, type EraseMethod, type Execution, type FindMethods } from "./method.ts";

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

/** Sanitize status, low three bits of SSTAT (log page 81h); 4: done, with deallocation undone. */
const SANITIZED: readonly number[] = [1, 4];
const SANITIZING = 2;
const SANITIZE_FAILED = 3;
const POLL_MS = 1_000;

/** Disks tell their progress in big steps; some not at all. */
const SANITIZE_STALLED_MS = 6 * 3_600_000;

/** Sanitize actions (§5.24, figure 303). */
const SanitizeAction = { EXIT_FAILURE_MODE: "1", BLOCK_ERASE: "2", CRYPTO_ERASE: "4" } as const;

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

/** Waits until no sanitize runs. @returns the status of the last one */
async function sanitizeEnded(disk: Disk, { progress, signal }: Execution): Promise<number> {
  for (let told = -1; ;) {
    const log = readSanitizeLog(await run("nvme", ["sanitize-log", disk.name, "--output-format=json"], { signal }));
    if (log.sstat !== SANITIZING) return log.sstat;
    // The same again is no progress.
    if (log.sprog !== told) progress(log.sprog / 65_535);
    told = log.sprog;
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** A sanitize goes on after a power loss, by itself: then that one is waited for, and another started. */
async function sanitize(action: string, disk: Disk, execution: Execution): Promise<void> {
  const start = (what: string) =>
    run("nvme", ["sanitize", disk.name, `--sanact=${what}`], { signal: execution.signal });
  if ((await sanitizeEnded(disk, execution)) === SANITIZE_FAILED)
    await start(SanitizeAction.EXIT_FAILURE_MODE).catch(() => undefined);
  await start(action);
  await sleep(POLL_MS, undefined, { signal: execution.signal });
  const status = await sanitizeEnded(disk, execution);
  if (status === SANITIZE_FAILED) throw new Error("the disk reports that its last sanitize failed");
  if (!SANITIZED.includes(status)) throw new Error(`unexpected sanitize status ${status}`);
}

async function format(secureErase: number, disk: Disk, signal: AbortSignal): Promise<void> {
  const options = ["--force", `--timeout=${ONE_COMMAND_MS}`];
  await run("nvme", ["format", disk.name, `--ses=${secureErase}`, ...options], { signal, timeoutMs: ONE_COMMAND_MS });
}

interface NvmeMethod extends EraseMethod {
  readonly offered: (controller: Controller) => boolean;
  readonly hitsAll: (controller: Controller) => boolean;
}

const always = (): boolean => true;
const formatsAll = ({ fna }: Controller): boolean => (fna & 0b011) !== 0;

/** The methods differ in what the controller must offer and in whether other namespaces are hit. */
const METHODS: readonly NvmeMethod[] = [
  {
    name: "nvme-sanitize-crypto",
    leaves: "changed",
    patienceMs: SANITIZE_STALLED_MS,
    execute: async (disk, how) => sanitize(SanitizeAction.CRYPTO_ERASE, disk, how),
    offered: ({ sanicap }) => (sanicap & 0b01) !== 0,
    hitsAll: always,
  },
  {
    name: "nvme-sanitize-block",
    leaves: "zeros",
    patienceMs: SANITIZE_STALLED_MS,
    execute: async (disk, how) => sanitize(SanitizeAction.BLOCK_ERASE, disk, how),
    offered: ({ sanicap }) => (sanicap & 0b10) !== 0,
    hitsAll: always,
  },
  {
    name: "nvme-format-crypto",
    leaves: "changed",
    patienceMs: ONE_COMMAND_MS,
    execute: async (disk, { signal }) => format(2, disk, signal),
    offered: ({ oacs, fna }) => (oacs & 0b10) !== 0 && (fna & 0b100) !== 0,
    hitsAll: formatsAll,
  },
  {
    name: "nvme-format",
    leaves: "zeros",
    patienceMs: ONE_COMMAND_MS,
    execute: async (disk, { signal }) => format(1, disk, signal),
    offered: ({ oacs }) => (oacs & 0b10) !== 0,
    hitsAll: formatsAll,
  },
];

export const findNvmeMethods: FindMethods = async (disk, signal) => {
  if (disk.transport !== "nvme") return [];
  const controller = await identify(disk, signal);
  const alone = await hasControllerForItself(disk);
  return METHODS.filter(({ offered, hitsAll }) => offered(controller) && (alone || !hitsAll(controller)));
};
