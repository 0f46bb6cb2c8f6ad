import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listDisks } from "./inventory.ts";

let sysfs = "";
beforeEach(() => {
  sysfs = mkdtempSync(join(tmpdir(), "sysfs-"));
  mkdirSync(join(sysfs, "block"));
});
afterEach(() => rmSync(sysfs, { recursive: true }));

/** A block device at its place in the device tree, with attributes as the kernel writes them. */
function device(place: string, attributes: Record<string, string | Buffer>): void {
  const folder = join(sysfs, "devices", place);
  for (const [name, content] of Object.entries(attributes)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  symlinkSync(folder, join(sysfs, "block", place.split("/").at(-1)!));
}

describe("the disks of a machine", () => {
  it("are told from sysfs, with how they are attached", async () => {
    device("pci0000:00/0000:00:03.0/virtio1/block/vda", {
      size: "20971520\n",
      serial: "disk-1\n",
      "queue/rotational": "1\n",
      "queue/logical_block_size": "512\n",
      "queue/discard_max_bytes": "2147483136\n",
    });
    device("pci0000:00/0000:00:04.0/nvme/nvme0/nvme0n1", {
      size: "2000409264\n",
      "device/serial": "S4EWNX0R   \n",
      "device/model": "SAMSUNG MZVLB1T0HBLR\n",
      "queue/rotational": "0\n",
      "queue/logical_block_size": "4096\n",
    });
    device("pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0/block/sda", {
      size: "100\n",
      ro: "1\n",
      "device/model": "QEMU HARDDISK\n",
      "device/vpd_pg80": Buffer.from([0, 0x80, 0, 4, ..."QM1\0".split("").map((char) => char.charCodeAt(0))]),
    });
    device("pci0000:00/0000:00:05.0/virtio2/host1/target1:0:0/1:0:0:0/block/sdb", { size: "8\n" });
    device("pci0000:00/0000:00:06.0/host2/port-2:0/end_device-2:0/target2:0:0/2:0:0:0/block/sdc", { size: "8\n" });

    const disks = await listDisks(sysfs);
    expect(disks.map(({ name, transport }) => `${name} ${transport}`)).toEqual([
      "/dev/nvme0n1 nvme",
      "/dev/sda sata",
      "/dev/sdb scsi",
      "/dev/sdc sas",
      "/dev/vda virtio",
    ]);
    expect(disks[0]).toMatchObject({
      model: "SAMSUNG MZVLB1T0HBLR",
      serial: "S4EWNX0R",
      sectorSize: 4096,
      rotational: false,
    });
    expect(disks[1]).toMatchObject({ model: "QEMU HARDDISK", serial: "QM1", readOnly: true });
    expect(disks[4]).toMatchObject({ size: 10_737_418_240n, serial: "disk-1", discard: true, writeZeroes: false });
  });

  it("are not RAM, loops, optical drives, arrays, mappings, card readers or hidden paths", async () => {
    for (const name of ["ram0", "loop1", "zram0", "sr0", "fd0", "md127", "dm-0", "nbd0"])
      device(`virtual/block/${name}`, { size: "100\n" });
    device("usb1/block/sdx", { size: "100\n", removable: "1\n" });
    device("nvme/nvme0c1n1", { size: "100\n", hidden: "1\n" });
    expect(await listDisks(sysfs)).toEqual([]);
  });

  it("are none on a machine without disks", async () => {
    expect(await listDisks(join(sysfs, "nothing"))).toEqual([]);
  });
});
