import * as fc from "fast-check";
import { expect, it } from "vitest";
import { guidToUuid, uuidToGuid } from "./guid.ts";

// qemu -uuid 12345678-9abc-def0-1234-56789abcdef0, as OVMF and iPXE both put it into option 97.
const SENT = Buffer.from("0078563412bc9af0de123456789abcdef0", "hex");

it("has its first three fields little-endian on the wire", () => {
  expect(guidToUuid(SENT)).toBe("12345678-9abc-def0-1234-56789abcdef0");
  expect([...uuidToGuid("12345678-9ABC-def0-1234-56789abcdef0")]).toEqual([...SENT]);
});

it("is nothing when it is of another type or length", () => {
  expect(guidToUuid(undefined)).toBeUndefined();
  expect(guidToUuid(SENT.subarray(0, 16))).toBeUndefined();
  expect(guidToUuid(Uint8Array.from([1, ...SENT.subarray(1)]))).toBeUndefined();
  for (const none of [0x00, 0xff]) expect(guidToUuid(new Uint8Array(17).fill(none, 1))).toBeUndefined();
  expect(() => uuidToGuid("no uuid")).toThrow(RangeError);
});

it("comes back as it was", () => {
  fc.assert(fc.property(fc.uuid(), (uuid) => guidToUuid(uuidToGuid(uuid)) === uuid));
});
