import { describe, expect, it } from "vitest";
import { readDcoSectors, readHpa, readNamespaces } from "./rules-hidden.ts";

describe("what a disk hides", () => {
  it("is told by hdparm -N", () => {
    const answer = (text: string) => `\n/dev/sda:\n max sectors   = ${text}\n`;
    expect(readHpa(answer("1953525168/1953525168, HPA is disabled"))).toEqual({
      visible: 1_953_525_168,
      native: 1_953_525_168,
    });
    expect(readHpa(answer("586070255/586072368, HPA is enabled"))).toEqual({
      visible: 586_070_255,
      native: 586_072_368,
    });
    expect(readHpa("\n/dev/vda:\n HDIO_DRIVE_CMD(identify) failed: Inappropriate ioctl for device\n")).toBeUndefined();
  });

  it("is told by hdparm --dco-identify", () => {
    expect(readDcoSectors("DCO Revision: 0x0001\n\tReal max sectors: 976773168\n")).toBe(976_773_168);
    expect(readDcoSectors("")).toBe(0);
  });

  it("is told by nvme list-ns", () => {
    expect(readNamespaces('{"nsid_list":[{"nsid":1},{"nsid":3}]}')).toEqual([1, 3]);
    expect(readNamespaces("{}")).toEqual([]);
    expect(readNamespaces("")).toEqual([]);
  });
});
