import { describe, expect, it } from "vitest";
import { parseCpuInfo } from "./rules-cpu.ts";
import { parseDmi } from "./rules-dmi.ts";
import { gpus } from "./rules-gpu.ts";
import { memoryFromBlocks, parseMemTotal } from "./rules-memory.ts";

const thread = (processor: number, socket: number, core: number) =>
  [
    `processor\t: ${processor}`,
    "vendor_id\t: GenuineIntel",
    "model name\t: Intel(R) Xeon(R) E-2288G CPU @ 3.70GHz",
    `physical id\t: ${socket}`,
    "siblings\t: 4",
    `core id\t\t: ${core}`,
    "cpu cores\t: 2",
    "power management:",
    "",
  ].join("\n");

describe("the processors", () => {
  it("are counted by socket: two sockets of two cores with two threads each", () => {
    const threads = [0, 1].flatMap((socket) =>
      [0, 1, 0, 1].map((core, index) => thread(socket * 4 + index, socket, core)),
    );
    const socket = { vendor: "GenuineIntel", model: "Intel(R) Xeon(R) E-2288G CPU @ 3.70GHz", cores: 2, threads: 4 };
    expect(parseCpuInfo(threads.join("\n"))).toEqual([socket, socket]);
  });

  it("of a virtual machine that does not tell of sockets are one socket", () => {
    const text =
      "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: QEMU\n\nprocessor\t: 1\nvendor_id\t: AuthenticAMD\n\n";
    expect(parseCpuInfo(text)).toEqual([{ vendor: "AuthenticAMD", model: "QEMU", cores: 2, threads: 2 }]);
  });
});

describe("the memory", () => {
  it("is what is built in, not what the kernel left over", () => {
    expect(memoryFromBlocks("8000000\n", Array<string>(8).fill("online\n"))).toBe(2 ** 30);
    expect(memoryFromBlocks("8000000\n", ["online\n", "offline\n"])).toBe(2 ** 27);
  });

  it("is read from meminfo where the kernel has no memory blocks", () => {
    expect(memoryFromBlocks("", [])).toBe(0);
    expect(parseMemTotal("MemTotal:         983052 kB\nMemFree: 1 kB\n")).toBe(983_052 * 1024);
  });
});

describe("graphics processors", () => {
  const PCI_IDS = [
    "10de  NVIDIA Corporation",
    "\t2330  GH100 [H100 SXM5 80GB]",
    "\t\t10de 16c1  H100 SXM5",
    "1a03  ASPEED Technology, Inc.",
    "\t2000  ASPEED Graphics Family",
  ].join("\n");
  const h100 = { class: "0x030200\n", vendor: "0x10de\n", device: "0x2330\n" };
  const bmcVga = { class: "0x030000\n", vendor: "0x1a03\n", device: "0x2000\n" };
  const nic = { class: "0x020000\n", vendor: "0x10de\n", device: "0x2330\n" };

  it("are those made for computing, one entry a device, not the BMC's screen", () => {
    expect(gpus([h100, bmcVga, nic, h100], PCI_IDS)).toEqual([
      { vendor: "NVIDIA Corporation", model: "GH100 [H100 SXM5 80GB]" },
      { vendor: "NVIDIA Corporation", model: "GH100 [H100 SXM5 80GB]" },
    ]);
  });

  it("go by their number when nobody knows their name", () => {
    expect(gpus([h100], "")).toEqual([{ vendor: "NVIDIA Corporation", model: "10de:2330" }]);
  });
});

describe("the firmware", () => {
  const board: Record<string, string> = {
    product_uuid: "EDB30DF5-E0BC-4D23-A2E8-BA0F3E0C3CC8\n",
    bios_version: "3.3\n",
    bios_vendor: "American Megatrends Inc.\n",
    bios_date: "02/21/2020\n",
  };

  it("names the machine, in lower case, and itself", () => {
    expect(parseDmi((name) => board[name] ?? "")).toEqual({
      uuid: "edb30df5-e0bc-4d23-a2e8-ba0f3e0c3cc8",
      bios: { version: "3.3", vendor: "American Megatrends Inc.", date: "02/21/2020" },
    });
  });

  it.each(["", "00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "Not Specified"])(
    "that says %j has no name for the machine",
    (uuid) => expect(() => parseDmi(() => uuid)).toThrow("gives this machine no uuid"),
  );
});
