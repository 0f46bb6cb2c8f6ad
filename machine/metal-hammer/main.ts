// The agent of the discovery image: tells metal-api what this machine is, and does as it is told.
// Runs as root from memory, started by /init, on a machine that pixiecore booted. Its end is always a restart.
import "./disks/threads.ts";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Console } from "./console.ts";
import { Hammer } from "./hammer.ts";
import { rebootNow } from "./reboot.ts";
import { openWatchdogDevices, Watchdog } from "./watchdog.ts";

/** So that people can read what went wrong, and a broken machine does not keep the boot server busy. */
const BEFORE_REBOOT_MS = 5_000;
/** Telling and restarting take less; else the hardware does it. */
const CRASH_LIMIT_MS = 60_000;

const { say } = new Console();
const watchdog = new Watchdog(openWatchdogDevices(say), (message) => void crash(new Error(message)));
const hammer = new Hammer(say, watchdog);
let crashing = false;

/** The end of every error: the event Crashed, some time to read, a restart. */
async function crash(error: unknown): Promise<void> {
  if (crashing) return;
  crashing = true;
  watchdog.phase("crashing", CRASH_LIMIT_MS);
  const message = error instanceof Error ? error.message : String(error);
  say(`crashed: ${message}`);
  if (error instanceof Error && error.stack) say(error.stack);
  await hammer.tellCrash(message);
  await sleep(BEFORE_REBOOT_MS);
  await rebootNow();
}

process.on("uncaughtException", (error) => void crash(error));
process.on("unhandledRejection", (error) => void crash(error));
hammer.run(readFileSync("/proc/cmdline", "utf8")).catch(crash);
