import { describe, expect, it } from "vitest";
import { readAtaSecurity } from "./ata.ts";
import { ERASE_METHODS } from "./index.ts";
import { readSanitizeLog } from "./nvme.ts";

describe("the table of erase methods", () => {
  it("goes from the strongest to the one that always works", () => {
    expect(ERASE_METHODS.map(({ name }) => name)).toEqual([
      "nvme-sanitize-crypto",
      "nvme-sanitize-block",
      "nvme-format-crypto",
      "nvme-format",
      "ata-secure-erase-enhanced",
      "ata-secure-erase",
      "scsi-sanitize-crypto",
      "scsi-sanitize-block",
      "discard",
      "write-zeroes",
      "overwrite",
    ]);
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
