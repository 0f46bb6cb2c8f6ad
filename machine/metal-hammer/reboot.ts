import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "./command.ts";

/** How long `reboot` may take before the kernel is told directly. */
const PATIENCE_MS = 20_000;

/** Restarts the machine without further ado. Does not return. */
export async function rebootNow(): Promise<never> {
  await run("reboot", ["-f"], { timeoutMs: PATIENCE_MS }).catch(() => undefined);
  await sleep(1_000);
  // Linux Documentation/admin-guide/sysrq.rst: "b" restarts at once.
  writeFileSync("/proc/sysrq-trigger", "b");
  await sleep(PATIENCE_MS);
  throw new Error("this machine does not restart; the watchdog has to do it");
}
