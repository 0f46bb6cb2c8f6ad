import type { FilesystemLayoutResponse } from "@metal-stack/api-schema";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildFleet, type Fleet, LAYOUT } from "../testing/fleet.ts";
import { refusal } from "../testing/refusal.ts";
import { createWorld, type World } from "../testing/world.ts";
import { filesystemLayoutRoutes } from "./routes.ts";

const PATH = "/v1/filesystemlayout";

let world: World;
let fleet: Fleet;
beforeAll(async () => {
  world = await createWorld([filesystemLayoutRoutes]);
  fleet = await buildFleet(world.context.db, { machines: 1 });
});
afterAll(() => world.close());

const write = (method: "PUT" | "POST", body: object) =>
  world.call<FilesystemLayoutResponse>("admin", method, PATH, body);
const ask = (what: "try" | "matches", body: object) =>
  world.call<FilesystemLayoutResponse>("admin", "POST", `${PATH}/${what}`, body);

/** Partitions, RAID, LVM and every kind of filesystem, as masterdata in YAML has it: what is false or zero is left out. */
const STORAGE = {
  id: "storage",
  description: "everything",
  constraints: { sizes: ["s3-large"], images: { ubuntu: ">= 22.04", debian: " * " } },
  disks: ["/dev/nvme0n1", "/dev/nvme1n1"].map((device) => ({
    device,
    wipeonreinstall: null,
    partitions: [
      { number: 1, label: "efi", size: 500, gpttype: "ef00" },
      { number: 2, size: 5000, gpttype: "8300" },
      { number: 3, size: null, gpttype: null },
    ],
  })),
  raid: [
    {
      arrayname: "/dev/md1",
      devices: ["/dev/nvme0n1p2", "/dev/nvme1n1p2"],
      level: "1",
      createoptions: ["--metadata=1.0"],
      spares: null,
    },
  ],
  volumegroups: [{ name: "vg0", devices: ["/dev/nvme0n1p3", "/dev/nvme1n1p3"], tags: ["data"] }],
  logicalvolumes: [
    { name: "mirror", volumegroup: "vg0", size: 100, lvmtype: "raid1" },
    { name: "stripe", volumegroup: "vg0", size: 100, lvmtype: "striped" },
    { name: "rest", volumegroup: "vg0", size: null, lvmtype: "linear" },
  ],
  filesystems: [
    { path: "/boot/efi", device: "/dev/nvme0n1p1", format: "vfat", label: "efi", createoptions: ["-F", "32"] },
    { path: "/", device: "/dev/md1", format: "ext4", label: "root", mountoptions: ["noatime"] },
    { path: "/var", device: "/dev/vg0/mirror", format: "ext3" },
    { path: null, device: "/dev/vg0/stripe", format: "none" },
    { path: "/data", device: "/dev/vg0/rest", format: "swap" },
    { path: "/tmp", device: "tmpfs", format: "tmpfs", createoptions: ["never looked at"] },
  ],
};

describe("a filesystem layout", () => {
  it("has every kind of storage, and zero for what clients leave out", async () => {
    const { status, body } = await write("PUT", STORAGE);
    expect(status).toBe(201);
    expect(body.disks).toEqual(
      STORAGE.disks.map(({ device, partitions: [efi, root] }) => ({
        device,
        wipeonreinstall: false,
        partitions: [efi, root, { number: 3, size: 0 }],
      })),
    );
    expect([body.raid![0]!.spares, body.logicalvolumes!.map(({ size }) => size)]).toEqual([0, [100, 100, 0]]);
    expect(body.filesystems![3]).toEqual({ device: "/dev/vg0/stripe", format: "none" });
    expect(body.volumegroups).toEqual(STORAGE.volumegroups);
    // What it answers it takes back.
    expect((await write("POST", body)).body).toEqual(body);
    expect(
      await refusal(write("PUT", { id: "storage", disks: [{ device: "x" }], filesystems: [{ format: "zfs" }] })),
    ).toEqual([409, "Conflict cannot create filesystemlayout in database, entity already exists: storage"]);
  });

  it("may be without constraints, for development, and is then never found", async () => {
    for (const [index, constraints] of [undefined, null, {}, { sizes: null, images: null }].entries()) {
      const { status, body } = await write("PUT", { id: `dev-${index}`, constraints });
      expect([status, body.constraints]).toEqual([201, { sizes: [], images: {} }]);
    }
    expect((await ask("try", {})).status).toBe(422);
  });

  it.each<[string, object, number, string]>([
    [
      "an unknown format",
      { filesystems: [{ device: "/dev/sda" }] },
      422,
      "given format: is not supported, but:ext3,ext4,none,swap,tmpfs,vfat",
    ],
    [
      "an unknown partition type",
      { disks: [{ device: "/dev/sda", partitions: [{ number: 1, gpttype: "zz" }] }] },
      422,
      "given GPTType:zz is not supported",
    ],
    ["an unknown RAID level", { raid: [{ level: "5" }] }, 422, "given raidlevel:5 is not supported, but:0,1"],
    [
      "an unknown kind of volume",
      { logicalvolumes: [{ lvmtype: "thin" }] },
      422,
      "given lvmtype:thin is not supported, but:linear,raid1,striped",
    ],
    [
      "words before devices",
      { disks: [{ device: "a", partitions: [{ number: 0 }] }], raid: [{ level: "5" }] },
      422,
      "raidlevel",
    ],
    [
      "a number twice",
      { disks: [{ device: "a", partitions: [{ number: 1 }, { number: 1 }] }] },
      400,
      "device:a partition number:1 given more than once",
    ],
    [
      "a variable partition that is not last",
      { disks: [{ device: "a", partitions: [{ number: 1 }, { number: 2, size: 1 }] }] },
      400,
      "device:a variable sized partition not the last one",
    ],
    [
      "a RAID of devices that are not there",
      { raid: [{ arrayname: "md0", level: "0", devices: ["b"] }] },
      400,
      "device:b not provided",
    ],
    [
      "a volume group of devices that are not there",
      { volumegroups: [{ name: "vg", devices: ["b"] }] },
      400,
      "device:b not provided",
    ],
    [
      "a volume of a group that is not there",
      { logicalvolumes: [{ name: "lv", lvmtype: "linear", size: 1 }] },
      400,
      "volumegroup: not configured for",
    ],
    [
      "a mirror on one device",
      {
        disks: [{ device: "a" }],
        volumegroups: [{ name: "vg", devices: ["a"] }],
        logicalvolumes: [{ name: "lv", volumegroup: "vg", lvmtype: "raid1" }],
      },
      400,
      "raid1",
    ],
    [
      "a variable volume that is not last",
      {
        disks: [{ device: "a" }],
        volumegroups: [{ name: "vg", devices: ["a"] }],
        logicalvolumes: [
          { volumegroup: "vg", lvmtype: "linear" },
          { volumegroup: "vg", lvmtype: "linear" },
        ],
      },
      400,
      "variable sized lv must be the last",
    ],
    [
      "a filesystem on nothing, without a path",
      { filesystems: [{ device: "a", format: "ext4" }] },
      400,
      "device:a for filesystem: is not configured",
    ],
    [
      "options that are several words",
      { disks: [{ device: "a" }], filesystems: [{ device: "a", format: "vfat", createoptions: ["-F 32"] }] },
      400,
      "must be split",
    ],
    ["a size twice", { constraints: { sizes: ["x", "x"] } }, 400, "more than once"],
    ["any size", { constraints: { sizes: ["x*"] } }, 400, "no wildcard allowed in size constraint"],
    ["any system", { constraints: { images: { "*": "1" } } }, 400, "just '*' is not allowed as image os constraint"],
    ["an expression without a blank", { constraints: { images: { ubuntu: ">=1" } } }, 400, "given imageconstraint:>=1"],
    [
      "a combination that another has",
      { constraints: { sizes: ["s3-large"], images: { debian: "12" } } },
      400,
      "these combinations already exist:s3-large->[debian",
    ],
  ])("with %s is refused", async (_, more, status, message) => {
    expect(await refusal(write("PUT", { id: "wrong", ...more }))).toEqual([status, expect.stringContaining(message)]);
    expect((await world.call("view", "GET", `${PATH}/wrong`)).status).toBe(404);
  });

  it("is found by size and image, and matched with a machine's disks", async () => {
    const found = async (size: string, image: string) => (await ask("try", { size, image })).body.id;
    expect(await found("s3-large", "ubuntu-22.04.20260101")).toBe("storage");
    expect(await found("s3-large", "debian-1.0")).toBe("storage");
    expect(await refusal(ask("try", { size: "s3-large", image: "ubuntu-20.04" }))).toEqual([
      422,
      "could not find a matching filesystemLayout for size:s3-large and image:ubuntu-20.04",
    ]);
    const match = (machine: string, filesystemlayout: string) => refusal(ask("matches", { machine, filesystemlayout }));
    expect((await match(fleet.machines[0]!, LAYOUT))[0]).toBe(200);
    expect(await match(fleet.machines[0]!, "storage")).toEqual([
      422,
      "device:/dev/nvme0n1 does not exist on given hardware",
    ]);
    expect(await match("", "none")).toEqual([404, 'NotFound no filesystemlayout with id "none" found']);
    expect(await match("none", LAYOUT)).toEqual([404, 'NotFound no machine with id "none" found']);
    await write("PUT", { id: "large", disks: [{ device: "sda", partitions: [{ number: 1, size: 102_401 }] }] });
    expect(await match(fleet.machines[0]!, "large")).toEqual([
      422,
      "device:sda is not big enough required:102401MiB, existing:102400MiB",
    ]);
  });
});
