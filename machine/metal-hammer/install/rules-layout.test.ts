import { create } from "@bufbuild/protobuf";
import { agent } from "@metal-stack/protocol";
import { describe, expect, it } from "vitest";
import * as rules from "./rules-layout.ts";

/** The lab's layout: one disk, boots by BIOS and by UEFI. */
function labLayout(changes: Record<string, unknown> = {}): agent.FilesystemLayout {
  return create(agent.FilesystemLayoutSchema, {
    id: "lab",
    disks: [
      {
        device: "/dev/vda",
        partitions: [
          { number: 1, label: "bios", size: 2n, gptType: "ef02" },
          { number: 2, label: "efi", size: 256n, gptType: "ef00" },
          { number: 3, label: "root", size: 0n, gptType: "8300" },
        ],
      },
    ],
    filesystems: [
      { path: "/boot/efi", device: "/dev/vda2", format: "vfat", label: "efi", createOptions: ["-F", "32"] },
      { path: "/tmp", device: "tmpfs", format: "tmpfs", mountOptions: ["noatime", "size=256M"] },
      { path: "/", device: "/dev/vda3", format: "ext4", label: "root" },
      { device: "/dev/vda4", format: "swap", label: "swap" },
    ],
    ...changes,
  });
}

describe("partitioning", () => {
  it("is one call of sgdisk, in which size 0 is the rest of the disk", () => {
    expect(rules.partitioning(labLayout().disks[0]!)).toEqual([
      "--zap-all",
      "--new=1:0:+2M",
      "--change-name=1:bios",
      "--typecode=1:ef02",
      "--new=2:0:+256M",
      "--change-name=2:efi",
      "--typecode=2:ef00",
      "--new=3:0:0",
      "--change-name=3:root",
      "--typecode=3:8300",
      "/dev/vda",
    ]);
  });

  it("goes by number, whatever the order of the layout", () => {
    const layout = labLayout();
    const [disk] = layout.disks;
    const turned = labLayout({ disks: [{ ...disk!, partitions: disk!.partitions.toReversed() }] });
    expect(() => rules.checkLayout(turned)).not.toThrow();
    expect(rules.partitioning(turned.disks[0]!)).toEqual(rules.partitioning(disk!));
  });

  it("knows how the kernel names partitions", () => {
    expect(rules.partitionDevice("/dev/sda", 1)).toBe("/dev/sda1");
    expect(rules.partitionDevice("/dev/nvme0n1", 3)).toBe("/dev/nvme0n1p3");
  });
});

describe("arrays and volumes", () => {
  it("take level, spares and options from the layout", () => {
    const array = create(agent.RaidSchema, {
      arrayName: "/dev/md1",
      devices: ["/dev/sda2", "/dev/sdb2", "/dev/sdc2"],
      spares: 1,
      createOptions: ["--metadata=1.0"],
    });
    expect(rules.arrayCreation(array).join(" ")).toBe(
      "--create /dev/md1 --force --run --homehost=any --level=1 --raid-devices=2 --assume-clean --spare-devices=1 --metadata=1.0 /dev/sda2 /dev/sdb2 /dev/sdc2",
    );
    expect(rules.arrayCreation({ ...array, level: "5" })).not.toContain("--assume-clean");
  });

  it("are linear on one physical volume, whatever is asked", () => {
    const volume = create(agent.LogicalVolumeSchema, {
      name: "varlib",
      volumeGroup: "vg",
      size: 100n,
      lvmType: "raid1",
    });
    expect(rules.logicalVolumeCreation(volume, 1)).toContain("--type=linear");
    expect(rules.logicalVolumeCreation(volume, 2).join(" ")).toBe(
      "lvcreate --yes --wipesignatures=y --type=raid1 --mirrors=1 --nosync --name=varlib --size=100m vg",
    );
    expect(rules.logicalVolumeCreation({ ...volume, size: 0n, lvmType: "striped" }, 3)).toEqual(
      expect.arrayContaining(["--stripes=3", "--extents=100%FREE"]),
    );
  });
});

describe("filesystems", () => {
  it("are made with the layout's options after ours, and not at all for tmpfs and none", () => {
    const [efi, tmp, root, swap] = labLayout().filesystems;
    expect(rules.filesystemCreation(efi!)).toEqual({
      command: "mkfs.vfat",
      args: ["-F", "32", "-n", "efi", "/dev/vda2"],
    });
    expect(rules.filesystemCreation(tmp!)).toBeUndefined();
    expect(rules.filesystemCreation({ ...root!, format: "none" })).toBeUndefined();
    expect(rules.filesystemCreation(root!)?.args.join(" ")).toBe(
      "-q -F -E lazy_itable_init=1,lazy_journal_init=1,nodiscard -L root /dev/vda3",
    );
    expect(rules.filesystemCreation(swap!)?.command).toBe("mkswap");
  });

  it("are mounted parents first, without what is only for fstab", () => {
    expect(rules.mountOrder(labLayout()).map(({ path }) => path)).toEqual(["/", "/boot/efi"]);
    expect(rules.mountOptions(["defaults", "noatime,nofail", "x-systemd.automount", "rbind", "private"])).toEqual([
      "noatime",
      "nofail",
    ]);
  });

  it("appear in fstab by UUID", () => {
    const uuids = new Map([
      ["/dev/vda2", "AB12-CD34"],
      ["/dev/vda3", "5befff10-f918-45ec-9b63-1a4965bcb2ec"],
      ["/dev/vda4", "0f0f0f0f-0000-4000-8000-000000000000"],
    ]);
    expect(rules.fstab(labLayout(), uuids, "1.2").split("\n").slice(1)).toEqual([
      "UUID=AB12-CD34\t/boot/efi\tvfat\tdefaults\t0\t2",
      "tmpfs\t/tmp\ttmpfs\tnoatime,size=256M\t0\t0",
      "UUID=5befff10-f918-45ec-9b63-1a4965bcb2ec\t/\text4\tdefaults\t0\t1",
      "UUID=0f0f0f0f-0000-4000-8000-000000000000\tnone\tswap\tdefaults\t0\t0",
      "",
    ]);
  });

  it("tell which disk and which partition is the system's", () => {
    const layout = labLayout();
    const root = rules.rootFilesystem(layout);
    expect(root.device).toBe("/dev/vda3");
    expect(rules.primaryDisk(layout, root.device)).toBe("/dev/vda");
    expect(rules.primaryDisk(layout, "/dev/md0")).toBe("/dev/vda");
  });
});

describe("a layout is refused", () => {
  it("unless it makes sense", () => {
    expect(() => rules.checkLayout(labLayout())).not.toThrow();
    const refused: [Record<string, unknown>, string][] = [
      [{ filesystems: [] }, 'exactly one filesystem for "/"'],
      [{ filesystems: [{ path: "/", device: "/dev/vda1", format: "zfs" }] }, "is unknown"],
      [{ filesystems: [{ path: "/", device: "vda1; rm -rf /", format: "ext4" }] }, "no device path"],
      [{ filesystems: [{ path: "/../etc", device: "/dev/vda1", format: "ext4" }] }, "absolute and plain"],
      [{ disks: [{ device: "/etc/passwd" }] }, "no device path"],
      [
        {
          disks: [
            {
              device: "/dev/vda",
              partitions: [
                { number: 1, size: 0n },
                { number: 2, size: 9n },
              ],
            },
          ],
        },
        "must come last",
      ],
      [{ disks: [{ device: "/dev/vda", partitions: [{ number: 0, size: 1n }] }] }, "numbers go from 1"],
      [{ raid: [{ arrayName: "/dev/md0", devices: ["/dev/sda1"], spares: 1 }] }, "no devices"],
      [{ logicalVolumes: [{ name: "x", volumeGroup: "nowhere" }] }, "no volume group nowhere"],
    ];
    for (const [changes, message] of refused)
      expect(() => rules.checkLayout(labLayout(changes)), message).toThrow(message);
  });
});
