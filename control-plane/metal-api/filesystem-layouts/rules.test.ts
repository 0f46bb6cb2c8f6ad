import { describe, expect, it } from "vitest";
import type { FilesystemLayout } from "../database/documents.ts";
import { ambiguity, hardwareProblem, isReinstallable, matchLayout } from "./rules.ts";
import { structuralProblem, unknownWord } from "./rules-structure.ts";

function layout(more: Partial<FilesystemLayout> = {}): FilesystemLayout {
  return {
    id: "one",
    name: "",
    description: "",
    constraints: { sizes: ["small"], images: { debian: ">= 12.0" } },
    filesystems: [
      { path: "/boot/efi", device: "/dev/sda1", format: "vfat", createoptions: ["-F", "32"] },
      { path: "/", device: "/dev/sda2", format: "ext4" },
      { path: "/tmp", device: "tmpfs", format: "tmpfs" },
    ],
    disks: [
      {
        device: "/dev/sda",
        partitions: [
          { number: 1, size: 500, gpttype: "ef00" },
          { number: 2, size: 0, gpttype: "8300" },
        ],
        wipeonreinstall: true,
      },
    ],
    raid: [],
    volumegroups: [],
    logicalvolumes: [],
    ...more,
  };
}

describe("the layout of an allocation", () => {
  it("is the one whose sizes and images match", () => {
    const layouts = [layout(), layout({ id: "two", constraints: { sizes: ["small"], images: { debian: "< 12.0" } } })];
    expect(matchLayout(layouts, "small", "debian-12.0.20261101")?.id).toBe("one");
    expect(matchLayout(layouts, "small", "debian-11.0.20201101")?.id).toBe("two");
    expect(matchLayout(layouts, "large", "debian-12.0.20261101")).toBeUndefined();
    expect(matchLayout(layouts, "small", "constructor-12.0.1")).toBeUndefined();
    expect(matchLayout(layouts, "small", "nonsense")).toBeUndefined();
  });

  it("fits on the machine's disks", () => {
    const disk = (name: string, mib: number) => ({ disks: [{ name, size: mib * 1024 ** 2 }] });
    expect(hardwareProblem(layout(), disk("/dev/sda", 500))).toBeUndefined();
    expect(hardwareProblem(layout(), disk("sda", 500))).toBeUndefined();
    expect(hardwareProblem(layout(), disk("/dev/sda", 499))).toBe(
      "device:/dev/sda is not big enough required:500MiB, existing:499MiB",
    );
    expect(hardwareProblem(layout(), disk("/dev/sdb", 500))).toBe("device:/dev/sda does not exist on given hardware");
  });

  it("can be reinstalled when a disk may be wiped", () => {
    expect(isReinstallable(layout())).toBe(true);
    expect(isReinstallable({ disks: [{ device: "/dev/sda", wipeonreinstall: false }] })).toBe(false);
  });
});

describe("a layout builds only on what it provides:", () => {
  const nvme = { device: "/dev/nvme0n1", partitions: [{ number: 1, size: 0 }], wipeonreinstall: true };

  it("as it should", () => {
    expect(structuralProblem(layout())).toBeUndefined();
    expect(
      structuralProblem(
        layout({
          disks: [...layout().disks, nvme],
          raid: [{ arrayname: "/dev/md1", devices: ["/dev/sda2", "/dev/nvme0n1p1"], level: "1", spares: 0 }],
          volumegroups: [{ name: "vg", devices: ["/dev/md1", "/dev/sda1"] }],
          logicalvolumes: [{ name: "root", volumegroup: "vg", size: 0, lvmtype: "raid1" }],
          filesystems: [{ path: "/", device: "/dev/vg/root", format: "ext4" }],
        }),
      ),
    ).toBeUndefined();
  });

  it.each<[string, Partial<FilesystemLayout>, RegExp]>([
    ["a filesystem on nothing", { filesystems: [{ device: "/dev/sdz", format: "ext4" }] }, /not configured/],
    [
      "options with blanks",
      { filesystems: [{ device: "/dev/sda1", format: "vfat", createoptions: ["-F 32"] }] },
      /whitespace/,
    ],
    [
      "a partition twice",
      {
        disks: [
          {
            device: "/dev/sda",
            partitions: [
              { number: 1, size: 1 },
              { number: 1, size: 1 },
            ],
            wipeonreinstall: true,
          },
        ],
      },
      /more than once/,
    ],
    [
      "partition 0",
      { disks: [{ device: "/dev/sda", partitions: [{ number: 0, size: 1 }], wipeonreinstall: true }] },
      /from 1 to/,
    ],
    [
      "the rest before the end",
      {
        disks: [
          {
            device: "/dev/sda",
            partitions: [
              { number: 1, size: 0 },
              { number: 2, size: 1 },
            ],
            wipeonreinstall: true,
          },
        ],
      },
      /not the last/,
    ],
    [
      "an array of nothing",
      { raid: [{ arrayname: "/dev/md1", devices: ["/dev/sdz"], level: "1", spares: 0 }] },
      /needed by raid/,
    ],
    ["a group of nothing", { volumegroups: [{ name: "vg", devices: ["/dev/sdz"] }] }, /needed by volumegroup/],
    [
      "a volume without a group",
      { logicalvolumes: [{ name: "a", volumegroup: "vg", size: 1, lvmtype: "linear" }] },
      /not configured/,
    ],
    [
      "a volume of the rest before the last",
      {
        volumegroups: [{ name: "vg", devices: ["/dev/sda2"] }],
        logicalvolumes: [
          { name: "a", volumegroup: "vg", size: 0, lvmtype: "linear" },
          { name: "b", volumegroup: "vg", size: 1, lvmtype: "linear" },
        ],
      },
      /variable sized lv must be the last/,
    ],
    [
      "a mirror on one device",
      {
        volumegroups: [{ name: "vg", devices: ["/dev/sda2"] }],
        logicalvolumes: [{ name: "a", volumegroup: "vg", size: 1, lvmtype: "raid1" }],
      },
      /at least 2 devices/,
    ],
    ["a wildcard size", { constraints: { sizes: ["s*"], images: {} } }, /wildcard/],
    ["a size twice", { constraints: { sizes: ["s", "s"], images: {} } }, /more than once/],
    ["any operating system", { constraints: { sizes: ["s"], images: { "*": "*" } } }, /not allowed as image/],
    ["a bad expression", { constraints: { sizes: ["s"], images: { debian: ">12" } } }, /imageconstraint/],
  ])("not %s", (_what, more, problem) => {
    expect(structuralProblem(layout(more))).toMatch(problem);
  });

  it("in words that are known", () => {
    expect(unknownWord(layout())).toBeUndefined();
    expect(unknownWord(layout({ filesystems: [{ device: "/dev/sda1", format: "x" }] }))).toBe(
      "given format:x is not supported, but:ext3,ext4,none,swap,tmpfs,vfat",
    );
    const partitions = [{ number: 1, size: 1, gpttype: "ffff" }];
    for (const [more, problem] of [
      [{ disks: [{ device: "/dev/sda", wipeonreinstall: true, partitions }] }, "given GPTType:ffff"],
      [
        { raid: [{ arrayname: "/dev/md0", devices: [], level: "5", spares: 0 }] },
        "given raidlevel:5 is not supported, but:0,1",
      ],
      [{ logicalvolumes: [{ name: "a", volumegroup: "vg", size: 1, lvmtype: "thin" }] }, "given lvmtype:thin"],
    ] as const)
      expect(unknownWord(layout(more as never))).toContain(problem);
  });
});

describe("among all layouts the choice is clear:", () => {
  const of = (id: string, expression: string, sizes = ["small"]) =>
    layout({ id, constraints: { sizes, images: { debian: expression } } });

  it.each([
    ["other sizes", of("a", "*"), of("b", "*", ["large"]), true],
    ["versions apart", of("a", "< 12.0"), of("b", ">= 12.0"), true],
    ["everything and something", of("a", "*"), of("b", ">= 12.0"), false],
    ["versions that meet", of("a", ">= 11.0"), of("b", "<= 12.0"), false],
    ["the same expression", of("a", ">= 12.0"), of("b", ">= 12.0"), false],
    ["an update of itself", of("a", ">= 12.0"), of("a", ">= 13.0"), true],
  ])("%s", (_what, one, other, clear) => {
    expect(ambiguity([one, other]) === undefined).toBe(clear);
  });

  it("layouts for development are never chosen", () => {
    const development = (id: string) => layout({ id, constraints: { sizes: [], images: {} } });
    expect(ambiguity([development("a"), development("b")])).toBeUndefined();
  });
});
