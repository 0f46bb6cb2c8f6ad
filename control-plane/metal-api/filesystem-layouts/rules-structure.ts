// Is a filesystem layout consistent in itself? Each part may only build on devices that earlier parts provide:
// disks and partitions, then RAID arrays, volume groups, logical volumes, and filesystems on any of them.
import type { FilesystemLayout, LayoutConstraints, LayoutDisk } from "../database/documents.ts";
import { parseExpression } from "../images/rules-version.ts";

const FORMATS = ["ext3", "ext4", "none", "swap", "tmpfs", "vfat"];
/** sgdisk's type codes: EFI, BIOS boot (ours), Linux, swap (ours), RAID, LVM. */
const GPT_TYPES = ["8200", "8300", "8e00", "ef00", "ef02", "fd00"];
const RAID_LEVELS = ["0", "1"];
const LVM_TYPES = ["linear", "raid1", "striped"];
const MAX_PARTITIONS = 128;

/** A text that is none of the known ones (422); undefined when all are. */
export function unknownWord(layout: FilesystemLayout): string | undefined {
  const unknown = (what: string, value: string, known: readonly string[]) =>
    known.includes(value) ? undefined : `given ${what}:${value} is not supported, but:${known.join(",")}`;
  const found = [
    ...layout.filesystems.map(({ format }) => unknown("format", format, FORMATS)),
    ...layout.disks
      .flatMap(({ partitions = [] }) => partitions)
      .map(({ gpttype }) => (gpttype === undefined ? undefined : unknown("GPTType", gpttype, GPT_TYPES))),
    ...layout.raid.map(({ level }) => unknown("raidlevel", level, RAID_LEVELS)),
    ...layout.logicalvolumes.map(({ lvmtype }) => unknown("lvmtype", lvmtype, LVM_TYPES)),
  ];
  return found.find((text) => text !== undefined);
}

/** What does not fit together (400); undefined when everything does. */
export function structuralProblem(layout: FilesystemLayout): string | undefined {
  const provided = new Set<string>();
  const missing = (devices: readonly string[], by: string): string | undefined => {
    const device = devices.find((name) => !provided.has(name));
    return device === undefined ? undefined : `device:${device} not provided by disk or partition, needed by ${by}`;
  };
  for (const disk of layout.disks) {
    const problem = partitionsProblem(disk);
    if (problem !== undefined) return problem;
    provided.add(disk.device);
    for (const { number } of disk.partitions ?? []) provided.add(partitionDevice(disk.device, number));
  }
  for (const { arrayname, devices = [] } of layout.raid) {
    const problem = missing(devices, `raid:${arrayname}`);
    if (problem !== undefined) return problem;
    provided.add(arrayname);
  }
  for (const { name, devices = [] } of layout.volumegroups) {
    const problem = missing(devices, `volumegroup:${name}`);
    if (problem !== undefined) return problem;
  }
  const problem = logicalVolumesProblem(layout);
  if (problem !== undefined) return problem;
  for (const { volumegroup, name } of layout.logicalvolumes) provided.add(`/dev/${volumegroup}/${name}`);
  for (const { device, format, path = "", createoptions = [] } of layout.filesystems) {
    if (format === "tmpfs") continue;
    if (!provided.has(device)) return `device:${device} for filesystem:${path} is not configured`;
    const blank = createoptions.find((option) => /\s/.test(option));
    if (blank !== undefined) return `the given createoption:"${blank}" contains whitespace and must be split`;
  }
  return constraintsProblem(layout.constraints);
}

/** `/dev/sda1`, but `/dev/nvme0n1p1`. */
function partitionDevice(disk: string, number: number): string {
  return disk.startsWith("/dev/nvme") ? `${disk}p${number}` : `${disk}${number}`;
}

function partitionsProblem({ device, partitions = [] }: LayoutDisk): string | undefined {
  const numbers = partitions.map(({ number }) => number);
  const twice = numbers.find((number, index) => numbers.indexOf(number) < index);
  if (twice !== undefined) return `device:${device} partition number:${twice} given more than once`;
  if (numbers.some((number) => number < 1 || number > MAX_PARTITIONS)) {
    return `device:${device} partition numbers must be from 1 to ${MAX_PARTITIONS}`;
  }
  const last = Math.max(...numbers);
  if (partitions.some(({ number, size }) => size === 0 && number !== last)) {
    return `device:${device} variable sized partition not the last one`;
  }
  return undefined;
}

function logicalVolumesProblem({ logicalvolumes, volumegroups }: FilesystemLayout): string | undefined {
  const groups = new Map(volumegroups.map((group) => [group.name, group]));
  for (const [index, { name, volumegroup, size, lvmtype }] of logicalvolumes.entries()) {
    if (size === 0 && index !== logicalvolumes.length - 1)
      return `lv:${name} in vg:${volumegroup}, variable sized lv must be the last`;
    const group = groups.get(volumegroup);
    if (!group) return `volumegroup:${volumegroup} not configured for logicalvolume:${name}`;
    if (lvmtype !== "linear" && (group.devices ?? []).length < 2) {
      return `volumegroup:${volumegroup} must have at least 2 devices if lvmtype is ${lvmtype}`;
    }
  }
  return undefined;
}

function constraintsProblem({ sizes, images }: LayoutConstraints): string | undefined {
  const wildcard = sizes.find((size) => size.includes("*"));
  if (wildcard !== undefined) return `no wildcard allowed in size constraint: ${wildcard}`;
  const twice = sizes.find((size, index) => sizes.indexOf(size) < index);
  if (twice !== undefined) return `size ${twice} is configured more than once`;
  if (Object.hasOwn(images, "*")) return "just '*' is not allowed as image os constraint";
  const wrong = Object.entries(images).find(([, expression]) => !parseExpression(expression));
  return wrong && `given imageconstraint:${wrong[1]} of ${wrong[0]} is not a version, an operator and a version, or *`;
}
