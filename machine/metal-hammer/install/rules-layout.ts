// A filesystem layout as the commands that make it (reference/partition-services.md 3.5), and what is refused beforehand.
import type { agent } from "@metal-stack/protocol";

/** A layout that cannot be applied. The message names the entry. */
export class LayoutError extends Error {
  override readonly name = "LayoutError";
}

/** Where the new system is put together. */
export const ROOT = "/rootfs";

/** No layout of a real server comes near; more would be a mistake or an attack. */
const MAX_ENTRIES = 128;

const DEVICE = /^\/dev\/[A-Za-z0-9._:/-]{1,128}$/;
const WORD = /^[A-Za-z0-9._:+-]{1,64}$/;
const GPT_TYPE = /^[0-9a-fA-F]{4}$/;
/** Printable, no quotes or backslashes; GPT names have 36 characters, ext labels 16, FAT labels 11. */
const LABEL = /^[A-Za-z0-9._+ -]{0,36}$/;
const OPTION = /^[\x21-\x7e]{1,256}$/;

type Layout = agent.FilesystemLayout;

function demand(holds: boolean, message: string): asserts holds {
  if (!holds) throw new LayoutError(`filesystem layout: ${message}`);
}

const isPath = (path: string): boolean => /^\/[\x21-\x7e]*$/.test(path) && !path.split("/").includes("..");

/**
 * Refuses what could not be done, or would do something else than layouts are for.
 * @throws {LayoutError}
 */
export function checkLayout(layout: Layout): void {
  const { disks, raid, volumeGroups, logicalVolumes, filesystems } = layout;
  for (const list of [disks, raid, volumeGroups, logicalVolumes, filesystems])
    demand(list.length <= MAX_ENTRIES, `more than ${MAX_ENTRIES} entries of a kind`);
  for (const disk of disks) {
    demand(DEVICE.test(disk.device), `disk "${disk.device}" is no device path`);
    demand(disk.partitions.length <= MAX_ENTRIES, `${disk.device} has more than ${MAX_ENTRIES} partitions`);
    const last = Math.max(...disk.partitions.map(({ number }) => number));
    for (const partition of disk.partitions) {
      const name = `${disk.device} partition ${partition.number}`;
      demand(partition.number >= 1 && partition.number <= MAX_ENTRIES, `${name}: numbers go from 1 to ${MAX_ENTRIES}`);
      demand(LABEL.test(partition.label), `${name}: label "${partition.label}"`);
      demand(partition.gptType === "" || GPT_TYPE.test(partition.gptType), `${name}: GPT type "${partition.gptType}"`);
      demand(partition.size > 0n || partition.number === last, `${name} takes the rest and must come last`);
    }
  }
  for (const array of raid) {
    demand(DEVICE.test(array.arrayName), `RAID "${array.arrayName}" is no device path`);
    demand(array.devices.length > array.spares, `RAID ${array.arrayName} has no devices beside its spares`);
    demand(
      array.devices.every((device) => DEVICE.test(device)),
      `RAID ${array.arrayName}: devices`,
    );
    demand(array.level === "" || WORD.test(array.level), `RAID ${array.arrayName}: level "${array.level}"`);
    demand(
      array.createOptions.every((option) => OPTION.test(option)),
      `RAID ${array.arrayName}: options`,
    );
  }
  for (const group of volumeGroups) {
    demand(WORD.test(group.name), `volume group "${group.name}"`);
    demand(
      group.devices.every((device) => DEVICE.test(device)),
      `volume group ${group.name}: devices`,
    );
    demand(
      group.tags.every((tag) => WORD.test(tag)),
      `volume group ${group.name}: tags`,
    );
  }
  for (const volume of logicalVolumes) {
    demand(WORD.test(volume.name) && WORD.test(volume.volumeGroup), `logical volume "${volume.name}"`);
    demand(
      ["", "linear", "striped", "raid1"].includes(volume.lvmType),
      `logical volume ${volume.name}: type ${volume.lvmType}`,
    );
    demand(
      volumeGroups.some(({ name }) => name === volume.volumeGroup),
      `logical volume ${volume.name}: no volume group ${volume.volumeGroup}`,
    );
  }
  for (const filesystem of filesystems) checkFilesystem(filesystem);
  demand(filesystems.filter(({ path }) => path === "/").length === 1, `there must be exactly one filesystem for "/"`);
}

function checkFilesystem({ device, path, format, label, createOptions, mountOptions }: agent.Filesystem): void {
  const name = `filesystem ${path || device}`;
  demand(format in MKFS || ["tmpfs", "none"].includes(format), `${name}: format "${format}" is unknown`);
  demand(format === "tmpfs" || DEVICE.test(device), `${name}: "${device}" is no device path`);
  demand(path === "" || isPath(path), `${name}: the path must be absolute and plain`);
  demand(LABEL.test(label), `${name}: label "${label}"`);
  demand(
    [...createOptions, ...mountOptions].every((option) => OPTION.test(option)),
    `${name}: options`,
  );
}

/**
 * sgdisk's arguments for one disk: everything in one call, on an empty table, by number: in whatever order the layout lists
 * them, as metal-api accepts them, the one that takes the rest is made last. A size of 0 is the rest of the disk (the
 * original passes it through as +0M, which is nothing).
 */
export function partitioning({ device, partitions }: agent.Disk): string[] {
  const each = partitions
    .toSorted((one, other) => one.number - other.number)
    .flatMap(({ number, size, label, gptType }) => [
      `--new=${number}:0:${size === 0n ? "0" : `+${size}M`}`,
      ...(label === "" ? [] : [`--change-name=${number}:${label}`]),
      ...(gptType === "" ? [] : [`--typecode=${number}:${gptType}`]),
    ]);
  return ["--zap-all", ...each, device];
}

/** "/dev/vda", 1 → "/dev/vda1"; names ending in a digit get a "p" between (kernel: disk_name). */
export function partitionDevice(disk: string, number: number): string {
  return /\d$/.test(disk) ? `${disk}p${number}` : `${disk}${number}`;
}

export function arrayCreation({ arrayName, devices, level, spares, createOptions }: agent.Raid): string[] {
  const raidLevel = level === "" ? "1" : level;
  return [
    "--create",
    arrayName,
    "--force",
    "--run",
    "--homehost=any",
    `--level=${raidLevel}`,
    `--raid-devices=${devices.length - spares}`,
    // The members were erased: mirrors of zeros are in sync.
    ...(["0", "1", "raid0", "raid1"].includes(raidLevel) ? ["--assume-clean"] : []),
    ...(spares > 0 ? [`--spare-devices=${spares}`] : []),
    ...createOptions,
    ...devices,
  ];
}

/** An array that is there already. */
export function arrayAssembly({ arrayName, devices }: agent.Raid): string[] {
  return ["--assemble", arrayName, "--run", "--homehost=any", ...devices];
}

export function volumeGroupCreation({ name, devices, tags }: agent.VolumeGroup): string[] {
  return ["vgcreate", "--yes", "--force", ...tags.map((tag) => `--addtag=${tag}`), name, ...devices];
}

export function logicalVolumeCreation(volume: agent.LogicalVolume, physicalVolumes: number): string[] {
  const type = volume.lvmType === "" || physicalVolumes < 2 ? "linear" : volume.lvmType;
  const layout =
    { linear: [], striped: [`--stripes=${physicalVolumes}`], raid1: ["--mirrors=1", "--nosync"] }[type] ?? [];
  const size = volume.size === 0n ? "--extents=100%FREE" : `--size=${volume.size}m`;
  return [
    "lvcreate",
    "--yes",
    "--wipesignatures=y",
    `--type=${type}`,
    ...layout,
    `--name=${volume.name}`,
    size,
    volume.volumeGroup,
  ];
}

/** Nothing is initialised that the kernel can do later, and nothing discarded that was just erased. */
const EXT_FAST = ["-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard"];

/** Per format: program and how it takes a label. `none` and `tmpfs` are not made. */
const MKFS: Readonly<Record<string, { command: string; options: readonly string[]; label: string }>> = {
  ext3: { command: "mkfs.ext3", options: ["-q", "-F", ...EXT_FAST], label: "-L" },
  ext4: { command: "mkfs.ext4", options: ["-q", "-F", ...EXT_FAST], label: "-L" },
  vfat: { command: "mkfs.vfat", options: [], label: "-n" },
  swap: { command: "mkswap", options: ["--force"], label: "--label" },
};

/** Program and arguments that make a filesystem; undefined for `tmpfs` and `none`. The layout's own options win. */
export function filesystemCreation(filesystem: agent.Filesystem): { command: string; args: string[] } | undefined {
  const mkfs = MKFS[filesystem.format];
  if (mkfs === undefined) return undefined;
  const label = filesystem.label === "" ? [] : [mkfs.label, filesystem.label];
  return { command: mkfs.command, args: [...mkfs.options, ...filesystem.createOptions, ...label, filesystem.device] };
}

/** Options that are for fstab, or would change how the hammer's own mounts propagate. */
const NOT_FOR_MOUNT =
  /^(defaults|r?(bind|unbindable|private|shared|slave)|auto|noauto|comment(=.*)?|loop(=.*)?|offset=.*|sizelimit=.*|x-.*)$/;

export function mountOptions(options: readonly string[]): string[] {
  return options.flatMap((option) => option.split(",")).filter((option) => !NOT_FOR_MOUNT.test(option));
}

/** Filesystems that are mounted under {@link ROOT} for the installation, parents first. */
export function mountOrder({ filesystems }: Layout): agent.Filesystem[] {
  const depth = ({ path }: agent.Filesystem): number => path.split("/").filter(Boolean).length;
  return filesystems
    .filter(({ path, format }) => path !== "" && !["swap", "tmpfs", "none"].includes(format))
    .toSorted((a, b) => depth(a) - depth(b));
}

/** The filesystem the kernel boots from: the one labelled `root`, or else "/". */
export function rootFilesystem({ filesystems }: Layout): agent.Filesystem {
  const found =
    filesystems.find(({ label, format }) => label === "root" && format !== "tmpfs") ??
    filesystems.find(({ path }) => path === "/");
  if (found === undefined) throw new LayoutError(`filesystem layout: there must be exactly one filesystem for "/"`);
  return found;
}

/** The disk that holds a device by name; the layout's first for arrays and volumes. */
export function primaryDisk({ disks }: Layout, device: string): string {
  const holder = disks.find((disk) =>
    disk.partitions.some(({ number }) => partitionDevice(disk.device, number) === device),
  );
  return (holder ?? disks[0])?.device ?? device;
}

/** /etc/fstab; `uuids` by device. */
export function fstab({ filesystems }: Layout, uuids: ReadonlyMap<string, string>, hammerVersion: string): string {
  const lines = filesystems
    .filter(({ path, format }) => (path !== "" || format === "swap") && format !== "none")
    .map(({ device, path, format, mountOptions }) => {
      const uuid = uuids.get(device);
      const source = format === "tmpfs" ? "tmpfs" : uuid === undefined ? device : `UUID=${uuid}`;
      const pass = path === "/" ? 1 : format === "tmpfs" || format === "swap" ? 0 : 2;
      return [source, path || "none", format, mountOptions.join(",") || "defaults", 0, pass].join("\t");
    });
  return [
    `# Written by metal-hammer ${hammerVersion}; <device> <path> <format> <options> <dump> <pass>`,
    ...lines,
    "",
  ].join("\n");
}
