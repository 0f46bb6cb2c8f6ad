// The agent of the discovery image: tells metal-api what this machine is, and does as it is told.
// Runs as root from memory, started by /init, on a machine that pixiecore booted. Its end is always a restart.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Console } from "./console.ts";
import { Hammer } from "./hammer.ts";
import { rebootNow } from "./reboot.ts";
import { openWatchdogDevice, Watchdog } from "./watchdog.ts";

/** So that people can read what went wrong, and a broken machine does not hammer the boot server. */
const BEFORE_REBOOT_MS = 5_000;

const console = new Console();
const hammer = new Hammer(console.say, (message) => crash(new Error(message)));
let crashing = false;

/** The end of every error: the event Crashed, some time to read, a restart. */
function crash(error: unknown): void {
  if (crashing) return;
  crashing = true;
  const message = error instanceof Error ? error.message : String(error);
  console.say(`crashed: ${message}`);
  void hammer
    .tellCrash(message)
    .catch(() => undefined)
    .then(() => sleep(BEFORE_REBOOT_MS))
    .then(rebootNow);
}

process.on("uncaughtException", crash);
process.on("unhandledRejection", crash);
hammer.run(new Watchdog(openWatchdogDevice(console.say), crash), readFileSync("/proc/cmdline", "utf8")).catch(crash);
