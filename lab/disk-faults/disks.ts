// The disks of a virtual machine, each served from here, and what QEMU is told about them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { honest, type Fault, type Medium } from "./medium.ts";
import { serveMedium } from "./nbd-server.ts";

export type Interface = "virtio" | "scsi" | "sata" | "nvme";

export interface DiskToServe {
  /** Also its serial: at most 20 characters. */
  readonly id: string;
  readonly interface: Interface;
  readonly faults?: readonly Fault[];
  readonly readOnly?: boolean;
  /** A second namespace of the NVMe controller of the disk with this id. */
  readonly namespaceOf?: { readonly id: string; readonly detached: boolean };
}

/** Small, for time's sake; big enough that there is a middle between the edges that are read whole. No power of two. */
export const DISK_BYTES = 24 * 1024 * 1024 - 512;
const SECTOR = 512;

/** A tenant's disk: the mark in every sector. */
export function fillWithMark(file: string, mark: string): void {
  writeFileSync(file, Buffer.alloc(DISK_BYTES, mark.padEnd(SECTOR / 16, ".")));
}

export interface ServedDisk extends AsyncDisposable {
  readonly disk: DiskToServe;
  readonly socket: string;
  readonly file: string;
}

export async function serveDisk(folder: string, disk: DiskToServe): Promise<ServedDisk> {
  const file = join(folder, `${disk.id}.raw`);
  const socket = join(folder, `${disk.id}.sock`);
  const medium = honest(file, DISK_BYTES);
  const faulty = (disk.faults ?? []).reduce<Medium>((inner, fault) => fault(inner), medium);
  const server = await serveMedium(faulty, socket);
  return {
    disk,
    socket,
    file,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      medium[Symbol.dispose]();
    },
  };
}

const SCSI_CONTROLLER = ["-device", "virtio-scsi-pci,id=scsi"];

/** The first SATA port has the CD. */
const FIRST_SATA_PORT = 1;

export function qemuDisks(served: readonly ServedDisk[]): string[] {
  let port = FIRST_SATA_PORT;
  const shared = new Set(served.map(({ disk }) => disk.namespaceOf?.id));
  const device = ({ disk }: ServedDisk): string[] => {
    const { id, namespaceOf } = disk;
    const identity = `drive=${id}-node,serial=${id}`;
    switch (disk.interface) {
      case "virtio":
        return [`virtio-blk-pci,id=${id},${identity}`];
      case "scsi":
        return [`scsi-hd,id=${id},bus=scsi.0,${identity}`];
      case "sata":
        return [`ide-hd,id=${id},bus=ide.${port++},${identity}`];
      case "nvme":
        if (namespaceOf)
          return [
            `nvme-ns,bus=${namespaceOf.id},drive=${id}-node,nsid=2,detached=${namespaceOf.detached ? "on" : "off"}`,
          ];
        if (!shared.has(id)) return [`nvme,id=${id},${identity}`];
        return [
          `nvme-subsys,id=${id}-subsystem`,
          `nvme,id=${id},serial=${id},subsys=${id}-subsystem`,
          `nvme-ns,bus=${id},drive=${id}-node,nsid=1`,
        ];
    }
  };
  return [
    ...SCSI_CONTROLLER,
    ...served.flatMap((one) => {
      const { id, readOnly = false } = one.disk;
      const node = `driver=nbd,node-name=${id}-node,server.type=unix,server.path=${one.socket},discard=unmap`;
      const devices = device(one).flatMap((options) => ["-device", options]);
      return ["-blockdev", `${node},read-only=${readOnly ? "on" : "off"}`, ...devices];
    }),
  ];
}
