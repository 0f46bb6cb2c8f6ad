// A machine is installed again: what the layout does not wipe is there afterwards, to the byte.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { agent } from "@metal-stack/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findKept, makeFilesystems, partitionDisks } from "./layout.ts";
import { installation, reinstallation } from "./rules-keep.ts";

const MIB = 1024 ** 2;

/** A system on one disk, data on a mirror and a volume of two others. */
const layout = create(agent.FilesystemLayoutSchema, {
  disks: [
    {
      device: "/dev/sda",
      wipeOnReinstall: true,
      partitions: [
        { number: 1, size: 500n },
        { number: 2, size: 0n },
      ],
    },
    { device: "/dev/sdb", partitions: [{ number: 1, size: 0n }] },
    { device: "/dev/nvme0n1", partitions: [{ number: 1, size: 0n }] },
  ],
  raid: [{ arrayName: "/dev/md1", devices: ["/dev/sdb1", "/dev/nvme0n1p1"], level: "1" }],
  volumeGroups: [{ name: "data", devices: ["/dev/md1"] }],
  logicalVolumes: [{ name: "home", volumeGroup: "data", size: 0n, lvmType: "linear" }],
  filesystems: [
    { path: "/boot/efi", device: "/dev/sda1", format: "vfat" },
    { path: "/", device: "/dev/sda2", format: "ext4" },
    { path: "/home", device: "/dev/data/home", format: "ext4" },
    { path: "/tmp", device: "tmpfs", format: "tmpfs" },
  ],
});
const names = ({ made, kept }: ReturnType<typeof reinstallation>) => ({
  disks: made.disks.map(({ device }) => device),
  made: made.filesystems.map(({ path }) => path),
  stacked: made.raid.length + made.volumeGroups.length + made.logicalVolumes.length,
  kept: kept.filesystems.map(({ path }) => path),
});

describe("of a layout", () => {
  it("everything is made the first time", () =>
    expect(names(installation(layout))).toEqual({
      disks: ["/dev/sda", "/dev/sdb", "/dev/nvme0n1"],
      made: ["/boot/efi", "/", "/home", "/tmp"],
      stacked: 3,
      kept: [],
    }));

  it("arrays, groups, volumes and filesystems on disks that are not wiped are kept", () => {
    const plan = reinstallation(layout);
    expect(names(plan)).toEqual({ disks: ["/dev/sda"], made: ["/boot/efi", "/", "/tmp"], stacked: 0, kept: ["/home"] });
    expect(plan.kept.devices).toEqual(["/dev/sdb1", "/dev/nvme0n1p1", "/dev/md1", "/dev/data/home"]);
  });

  it("the system is made anew wherever it is", () => {
    const disks = layout.disks.map((disk) => ({ ...disk, wipeOnReinstall: !disk.wipeOnReinstall }));
    const plan = reinstallation({ ...layout, disks });
    expect(names(plan)).toMatchObject({ made: ["/", "/home", "/tmp"], stacked: 3, kept: ["/boot/efi"] });
  });

  it("what lies on disks of both kinds is refused before anything is touched", () => {
    const disks = layout.disks.map((disk, index) => ({ ...disk, wipeOnReinstall: index < 2 }));
    expect(() => reinstallation({ ...layout, disks })).toThrow(
      "RAID /dev/md1 lies on disks that are kept and on disks",
    );
  });
});

const loops = (() => {
  try {
    execFileSync("losetup", ["--find"], { stdio: "pipe" });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
})();
if (!loops) console.warn("SKIPPED: reinstallation on loop devices, this machine has none or this is not root");

describe.skipIf(!loops)("on two disks", () => {
  let folder: string;
  let system: string;
  let data: string;
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { stdio: "pipe" }).toString().trim();

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "keep-"));
    [system, data] = ["system", "data"].map((name) => {
      const file = join(folder, name);
      writeFileSync(file, "");
      truncateSync(file, 32 * MIB);
      return run("losetup", "--find", "--show", file);
    }) as [string, string];
  });
  afterAll(() => {
    for (const device of [system, data]) if (device) run("losetup", "--detach", device);
    rmSync(folder, { recursive: true });
  });

  it("the data is the same after the system was made anew, and something else in its place stops everything", async () => {
    const { signal } = new AbortController();
    const two = create(agent.FilesystemLayoutSchema, {
      disks: [{ device: system, wipeOnReinstall: true }, { device: data }],
      filesystems: [
        { path: "/", device: system, format: "ext4" },
        { path: "/data", device: data, format: "ext4" },
      ],
    });
    const uuid = (device: string) => run("blkid", "-p", "-s", "UUID", "-o", "value", device);
    await partitionAndMake(installation(two));
    const before = [uuid(system), uuid(data)];
    const bytes = readFileSync(join(folder, "data"));
    await partitionAndMake(reinstallation(two));
    expect(uuid(system)).not.toBe(before[0]);
    expect(readFileSync(join(folder, "data")).equals(bytes)).toBe(true);
    run("mkfs.vfat", data);
    await expect(findKept(reinstallation(two).kept, signal)).rejects.toThrow(
      `${data} is to be kept, but holds vfat instead of ext4`,
    );

    async function partitionAndMake({ made, kept }: ReturnType<typeof reinstallation>) {
      await findKept(kept, signal);
      // sgdisk is not needed for disks without partitions, and loop devices here have none.
      await partitionDisks({ ...made, disks: [] }, signal);
      for (const { device } of made.disks) run("wipefs", "--all", "--force", device);
      await makeFilesystems(made, signal);
    }
  });
});
