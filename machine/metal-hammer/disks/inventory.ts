// Which disks this machine has, from sysfs alone: there is no udev in the discovery image.
import { readdir, readFile, realpath } from "node:fs/promises";
import { basename, join } from "node:path";

export type Transport = "nvme" | "sata" | "sas" | "virtio" | "scsi" | "usb" | "mmc" | "unknown";

export interface Disk {
  /** Device path: "/dev/vda". */
  readonly name: string;
  /** Bytes. */
  readonly size: bigint;
  /** Empty when the disk does not tell. */
  readonly serial: string;
  readonly model: string;
  readonly rotational: boolean;
  readonly transport: Transport;
  readonly readOnly: boolean;
  /** Bytes of a logical sector: the unit of direct I/O. */
  readonly sectorSize: number;
  /** The device can be told that all its blocks are unused. */
  readonly discard: boolean;
  /** The device zeroes ranges by itself. */
  readonly writeZeroes: boolean;
}

/** sysfs counts sizes in these, whatever the disk's own sector is (Documentation/ABI/stable/sysfs-block). */
const SYSFS_SECTOR = 512n;

/** Memory, loops, optical and floppy drives, arrays and mappings on top of other disks, network blocks. */
const NO_DISK = /^(ram|loop|zram|sr|fd|md|dm-|nbd)/;

/** How a disk hangs on the machine, told from its place in the device tree; the first match counts. */
const TRANSPORTS: readonly (readonly [RegExp, Transport])[] = [
  [/\/nvme/, "nvme"],
  [/\/usb\d/, "usb"],
  [/\/ata\d/, "sata"],
  [/\/end_device-/, "sas"],
  [/\/target\d/, "scsi"],
  [/\/mmc/, "mmc"],
  [/\/virtio\d/, "virtio"],
];

/** Longest serial or model taken; NVMe has 20 and 40 characters, VPD page 80h up to 252. */
const TEXT_LIMIT = 64;

async function attribute(folder: string, ...names: string[]): Promise<string> {
  for (const name of names) {
    const text = await readFile(join(folder, name), "latin1").catch(() => "");
    const clean = text.replaceAll(/[^\x20-\x7e]/g, "").trim();
    if (clean !== "") return clean.slice(0, TEXT_LIMIT);
  }
  return "";
}

/** SCSI VPD page 80h: four bytes of header, then the serial (SPC-4 §7.8.18). */
async function scsiSerial(folder: string): Promise<string> {
  const page = await readFile(join(folder, "device/vpd_pg80")).catch(() => undefined);
  return page === undefined
    ? ""
    : page
        .subarray(4)
        .toString("latin1")
        .replaceAll(/[^\x20-\x7e]/g, "")
        .trim()
        .slice(0, TEXT_LIMIT);
}

async function describe(name: string, folder: string): Promise<Disk> {
  const place = await realpath(folder);
  const number = async (file: string): Promise<number> => Number(await attribute(folder, file));
  return {
    name: `/dev/${name}`,
    size: BigInt((await attribute(folder, "size")) || "0") * SYSFS_SECTOR,
    serial: (await attribute(folder, "serial", "device/serial")) || (await scsiSerial(folder)),
    model: await attribute(folder, "device/model"),
    rotational: (await number("queue/rotational")) === 1,
    transport: TRANSPORTS.find(([pattern]) => pattern.test(place))?.[1] ?? "unknown",
    readOnly: (await number("ro")) === 1,
    sectorSize: (await number("queue/logical_block_size")) || Number(SYSFS_SECTOR),
    discard: (await number("queue/discard_max_bytes")) > 0,
    writeZeroes: (await number("queue/write_zeroes_max_bytes")) > 0,
  };
}

/** One block device by its kernel name ("vda"), whatever kind it is. */
export async function diskNamed(name: string, sysfs = "/sys"): Promise<Disk> {
  return describe(name, join(sysfs, "block", name));
}

/** Whether the disk is still there, and still the one that was described. */
export async function isSameDisk({ name, serial, size }: Disk): Promise<boolean> {
  const now = await diskNamed(basename(name));
  return now.serial === serial && now.size === size;
}

/**
 * All disks of the machine, by name. Left out are {@link NO_DISK}, removable media and paths of a multipath NVMe
 * namespace (the kernel hides those).
 */
export async function listDisks(sysfs = "/sys"): Promise<Disk[]> {
  const names = await readdir(join(sysfs, "block")).catch(() => []);
  const disks: Disk[] = [];
  for (const name of names.filter((name) => !NO_DISK.test(name)).sort()) {
    const folder = join(sysfs, "block", name);
    if ((await attribute(folder, "removable")) === "1" || (await attribute(folder, "hidden")) === "1") continue;
    disks.push(await describe(name, folder));
  }
  return disks;
}
