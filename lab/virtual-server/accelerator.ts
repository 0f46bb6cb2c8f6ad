import { spawn } from "node:child_process";
import type { Accelerator } from "./configuration.ts";

/** iPXE's banner: by then SeaBIOS ran, and iPXE went back and forth between real and protected mode. */
const PROOF = "Features:";
const PATIENCE_MS = 6_000;

/**
 * "kvm" when a machine really boots with it, else "tcg". Neither the device file nor SeaBIOS's first lines prove
 * anything: there are hosts where KVM runs SeaBIOS and hangs in iPXE. Takes about 2 s when KVM works and 6 s when it
 * hangs, so ask once and write the answer into the servers' configurations.
 */
export async function detectAccelerator(): Promise<Accelerator> {
  const child = spawn(
    "qemu-system-x86_64",
    [
      ["-accel", "kvm", "-cpu", "host", "-machine", "q35,graphics=off", "-m", "128"],
      ["-nodefaults", "-display", "none", "-serial", "stdio", "-device", "virtio-net-pci"],
    ].flat(),
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  let patience: NodeJS.Timeout | undefined;
  const works = await new Promise<boolean>((resolve) => {
    let printed = "";
    child.stdout.on("data", (data: Buffer) => {
      printed += data.toString("latin1");
      if (printed.includes(PROOF)) resolve(true);
    });
    child.on("error", () => resolve(false));
    child.on("exit", () => resolve(false));
    patience = setTimeout(() => resolve(false), PATIENCE_MS);
  });
  clearTimeout(patience);
  child.kill("SIGKILL");
  return works ? "kvm" : "tcg";
}
