// What the machine's firmware tries, in which order: as a server's BIOS that is set to "network first".
import type { BootFlags } from "@metal-stack/ipmi";
import type { ServerConfiguration } from "./configuration.ts";

export function nicId(index: number): string {
  return `nic${index}`;
}

export function diskId(index: number): string {
  return `disk${index}`;
}

/** QEMU device ids, first to try first. Forced "disk" puts disks first; everything else keeps the network first. */
export function bootOrder(
  configuration: Pick<ServerConfiguration, "nics" | "disks" | "startedBare">,
  flags: BootFlags | undefined,
): string[] {
  if (configuration.startedBare) return [];
  const nics = configuration.nics.map((_nic, index) => nicId(index));
  const disks = configuration.disks.map((_disk, index) => diskId(index));
  return flags?.device === "disk" ? [...disks, ...nics] : [...nics, ...disks];
}
