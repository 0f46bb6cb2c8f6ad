import { describe, expect, it } from "vitest";
import type { Disk } from "../inventory.ts";
import { readAtaSecurity } from "./ata.ts";
import { readSanitizeLog } from "./nvme.ts";
import { findPlainMethods } from "./overwrite.ts";
import { readSupport } from "./scsi.ts";

const DISK: Disk = {
  name: "/dev/vda",
  size: 1n,
  serial: "",
  model: "",
  rotational: false,
  transport: "virtio",
  readOnly: false,
  sectorSize: 512,
  discard: false,
  writeZeroes: false,
};

describe("the methods of any disk", () => {
  const namesFor = async (able: Partial<Disk>) =>
    (await findPlainMethods({ ...DISK, ...able }, new AbortController().signal)).map(({ name }) => name);

  it("go from the cheapest to the one that always works", async () => {
    expect(await namesFor({ discard: true, writeZeroes: true })).toEqual(["discard", "write-zeroes", "overwrite"]);
    expect(await namesFor({})).toEqual(["overwrite"]);
  });
});

describe("a SCSI disk's answer whether it knows SANITIZE", () => {
  it("is read as sg_opcodes prints it", () => {
    const answer = (support: string) => `  Opcode=0x48\n  Service_action=0x0003\n  ${support}\n`;
    expect(readSupport(answer("Command is supported [conforms to SCSI standard]"))).toBe(true);
    expect(readSupport(answer("Command supported in a vendor specific manner"))).toBe(true);
    expect(readSupport(answer("Command is not supported"))).toBe(false);
    expect(readSupport(answer("Command not supported"))).toBe(false);
  });
});

describe("ATA security as hdparm -I tells it", () => {
  const identification = (security: string): string =>
    `\n/dev/sda:\n\nATA device, with non-removable media\nCommands/features:\n\tEnabled\tSupported:\n\t   *\tSecurity Mode feature set\n${security}Logical Unit WWN Device Identifier: 5000\n`;

  it("of a disk that can be erased", () => {
    const security =
      "Security: \n\tMaster password revision code = 65534\n\t\tsupported\n\tnot\tenabled\n\tnot\tlocked\n\tnot\tfrozen\n\tnot\texpired: security count\n\t\tsupported: enhanced erase\n\t2min for SECURITY ERASE UNIT. 2min for ENHANCED SECURITY ERASE UNIT.\n";
    expect(readAtaSecurity(identification(security))).toEqual({
      supported: true,
      enabled: false,
      locked: false,
      frozen: false,
      enhancedErase: true,
      minutes: 2,
      enhancedMinutes: 2,
    });
  });

  it("of one that the BIOS froze", () => {
    const security =
      "Security: \n\t\tsupported\n\tnot\tenabled\n\tnot\tlocked\n\t\tfrozen\n\tnot\tsupported: enhanced erase\n";
    expect(readAtaSecurity(identification(security))).toMatchObject({
      supported: true,
      frozen: true,
      enhancedErase: false,
    });
  });

  it("of one without the feature", () => {
    expect(readAtaSecurity(identification(""))).toMatchObject({ supported: false, enabled: false });
  });
});

describe("the NVMe sanitize log", () => {
  it("is read in the shapes that versions of nvme-cli print", () => {
    expect(readSanitizeLog('{"sprog":65535,"sstat":257}')).toEqual({ sprog: 65_535, sstat: 1 });
    expect(readSanitizeLog('{"nvme0n1":{"sprog":655,"sstat":2}}')).toEqual({ sprog: 655, sstat: 2 });
    expect(readSanitizeLog('{"nvme0":{"sprog":655,"sstat":{"global_erased":1,"status":3}}}').sstat).toBe(3);
  });
});
