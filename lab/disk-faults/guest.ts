// Runs in the virtual machine in the hammer's place (see machine.ts): erases all disks by the hammer's own code and writes
// what came of it to the second serial port, a line of JSON each.
import "@metal-stack/metal-hammer/disks/threads.ts";
import { openSync, writeSync } from "node:fs";
import Module from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { eraseDisks, listDisks } from "@metal-stack/metal-hammer/disks/index.ts";

/** As metal-api asks for. */
const SAMPLE_SECTORS = 10_000;

// What Node loads after this, the hammer itself, is to do nothing.
(Module as unknown as { _extensions: Record<string, () => void> })._extensions[".js"] = () => undefined;

const port = openSync("/dev/ttyS1", "w");
const tell = (message: unknown): void => {
  const line = JSON.stringify(message, (_, value: unknown) => (typeof value === "bigint" ? Number(value) : value));
  writeSync(port, `${line}\n`);
};

/** Drivers look for disks on their own time; the real hammer gets an address and an identity meanwhile. */
async function disksAreThere(): Promise<void> {
  while ((await listDisks()).length < Number(process.env["DISKS"])) await sleep(20);
}

async function main(): Promise<void> {
  await disksAreThere();
  const started = performance.now();
  tell({ kind: "started" });
  const disks = await eraseDisks(
    { jobId: "lab", sampleSectors: SAMPLE_SECTORS, patienceMs: Number(process.env["PATIENCE"]) },
    (disk, fraction, message) => tell({ kind: "progress", disk, fraction, message }),
    new AbortController().signal,
  );
  tell({ kind: "done", disks, milliseconds: Math.round(performance.now() - started) });
}

main().catch((error: unknown) => tell({ kind: "failed", error: String(error) }));
// Node ends when nothing is left to do, and the machine with it.
setInterval(() => undefined, 1000);
