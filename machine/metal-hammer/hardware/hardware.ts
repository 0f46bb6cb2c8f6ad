// What this machine is made of, from sysfs and procfs.
import { existsSync, globSync, readFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { MachineHardwareSchema, type MachineHardware } from "@metal-stack/protocol";
import type { Disk } from "../disks/index.ts";
import type { NetworkCard } from "../network/rules-links.ts";
import type { CardNeighbours } from "../network/rules-announcement.ts";
import { parseCpuInfo } from "./rules-cpu.ts";
import { parseDmi, type Dmi } from "./rules-dmi.ts";
import { gpus } from "./rules-gpu.ts";
import { memoryFromBlocks, parseMemTotal } from "./rules-memory.ts";

const PCI_IDS = "/usr/share/misc/pci.ids";

/** The file's content; "" when it cannot be read, as some firmwares and drivers leave gaps. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

export function readDmi(): Dmi {
  return parseDmi((name) => read(`/sys/class/dmi/id/${name}`));
}

export function firmware(): "efi" | "bios" {
  return existsSync("/sys/firmware/efi") ? "efi" : "bios";
}

function memoryBytes(): number {
  const blocks = globSync("/sys/devices/system/memory/memory*/state").map(read);
  return (
    memoryFromBlocks(read("/sys/devices/system/memory/block_size_bytes"), blocks) ||
    parseMemTotal(read("/proc/meminfo"))
  );
}

/** The form that Register wants. */
export function describeHardware(
  disks: readonly Disk[],
  cards: readonly NetworkCard[],
  neighbours: readonly CardNeighbours[],
): MachineHardware {
  const pciDevices = globSync("/sys/bus/pci/devices/*").map((folder) => ({
    class: read(`${folder}/class`),
    vendor: read(`${folder}/vendor`),
    device: read(`${folder}/device`),
  }));
  return create(MachineHardwareSchema, {
    memory: BigInt(memoryBytes()),
    cpus: parseCpuInfo(read("/proc/cpuinfo")),
    gpus: gpus(pciDevices, read(PCI_IDS)),
    disks: disks.map((disk) => ({
      name: disk.name,
      size: disk.size,
      serial: disk.serial,
      model: disk.model,
      rotational: disk.rotational,
      transport: disk.transport,
    })),
    nics: describeNics(cards, neighbours),
  });
}

/** reference/partition-services.md 3.3: the port id serves as MAC and identifier, and `lo` is always there. */
export function describeNics(cards: readonly NetworkCard[], neighbours: readonly CardNeighbours[]) {
  const nics = cards.map((card) => ({
    mac: card.mac,
    name: card.name,
    neighbors: (neighbours.find((entry) => entry.card === card.name)?.frames ?? []).map((frame) => ({
      mac: frame.portId.value,
      identifier: frame.portId.value,
      name: frame.portDescription ?? "",
      hostname: frame.systemName ?? "",
    })),
  }));
  return [{ mac: "00:00:00:00:00:00", name: "lo", neighbors: [] }, ...nics];
}
