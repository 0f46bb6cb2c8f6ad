import { spawn } from "node:child_process";
import type { Accelerator } from "./configuration.ts";

/** SeaBIOS prints its name to this port within milliseconds of its first instruction. */
const DEBUG_PORT = 0x402;
const PATIENCE_MS = 4_000;

/**
 * "kvm" when a virtual machine really runs with it, else "tcg". A device file proves nothing: on some hosts KVM
 * exists and QEMU hangs or aborts. Takes up to 4 s, so ask once and write the answer into the configurations.
 */
export async function detectAccelerator(): Promise<Accelerator> {
  const child = spawn(
    "qemu-system-x86_64",
    [
      ["-accel", "kvm", "-machine", "q35", "-m", "64", "-nodefaults", "-display", "none"],
      ["-chardev", "stdio,id=debug", "-device", `isa-debugcon,iobase=${DEBUG_PORT},chardev=debug`],
    ].flat(),
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  const ran = new Promise<boolean>((resolve) => {
    let printed = "";
    child.stdout.on("data", (data: Buffer) => {
      printed += data.toString("latin1");
      if (printed.includes("SeaBIOS")) resolve(true);
    });
    child.on("error", () => resolve(false));
    child.on("exit", () => resolve(false));
    setTimeout(() => resolve(false), PATIENCE_MS).unref();
  });
  const works = await ran;
  child.kill("SIGKILL");
  return works ? "kvm" : "tcg";
}
