import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFrame, encodeFrame, LldpFrameError, type FrameToSend } from "./index.ts";

/** Sent by lldpd 1.0.16 with port id subtype local, a management address and a custom TLV; captured with tcpdump. */
const FROM_LLDPD = Buffer.from(
  "0180c200000e02000000000a88cc02070402000000000a04050773777037060200040a066c65616630310c0d44656269616e20737769746368" +
    "0e04009c0080100c05010a00000102000000020008046c616e30fe0900120f030100000000fe0900120f010080000036fe060080c2010fa0" +
    "0000",
  "hex",
);

/** The least an LLDP frame may say, with the end of the frame to be chosen. */
const mandatory = (rest = "0000", head = "0180c200000e02000000000a88cc") =>
  Buffer.from(`${head}02070402000000000a0405077377703706020004${rest}`, "hex");

describe("a frame of lldpd", () => {
  const frame = decodeFrame(FROM_LLDPD);

  it("is read completely", () =>
    expect(frame).toEqual({
      destination: "01:80:c2:00:00:0e",
      source: "02:00:00:00:00:0a",
      chassisId: { subtype: "mac", value: "02:00:00:00:00:0a" },
      portId: { subtype: "local", value: "swp7" },
      ttl: 4,
      portDescription: "lan0",
      systemName: "leaf01",
      systemDescription: "Debian switch",
      capabilities: { system: ["bridge", "wlan access point", "router", "station"], enabled: ["station"] },
      managementAddresses: [{ address: "10.0.0.1", interfaceNumbering: "ifindex", interfaceNumber: 2 }],
      organisational: [
        { oui: "00120f", subtype: 3, value: Uint8Array.of(1, 0, 0, 0, 0) },
        { oui: "00120f", subtype: 1, value: Uint8Array.of(0, 0x80, 0, 0, 0x36) },
        { oui: "0080c2", subtype: 1, value: Uint8Array.of(0x0f, 0xa0) },
      ],
    }));

  it("says the same when we write it", () => expect(decodeFrame(encodeFrame(frame))).toEqual(frame));

  it("may carry VLAN tags", () => {
    const tag = (ethertype: number) => Buffer.from([ethertype >> 8, ethertype & 0xff, 0x0f, 0xa0]);
    const tagged = (...tags: Buffer[]) => Buffer.concat([FROM_LLDPD.subarray(0, 12), ...tags, FROM_LLDPD.subarray(12)]);
    expect(decodeFrame(tagged(tag(0x8100)))).toEqual(frame);
    expect(decodeFrame(tagged(tag(0x88a8), tag(0x8100)))).toEqual(frame);
    expect(() => decodeFrame(tagged(tag(0x8100), tag(0x8100), tag(0x8100)))).toThrow(LldpFrameError);
  });
});

describe("a malformed frame is refused:", () => {
  it.each([
    ["too short for a header", Buffer.alloc(13), "shorter"],
    ["another ethertype", mandatory("0000", "0180c200000e02000000000a0800"), "ethertype is 0x800"],
    ["nothing in it", Buffer.from("0180c200000e02000000000a88cc0000", "hex"), "does not begin"],
    ["a TLV longer than the frame", mandatory("0aff6c"), "TLV 5 leaves the frame"],
    [
      "a MAC address of five bytes",
      Buffer.from("0180c200000e02000000000a88cc02060402000000000405077377703706020004", "hex"),
      "5 bytes",
    ],
    [
      "a port id without value",
      Buffer.from("0180c200000e02000000000a88cc02070402000000000a04010706020004", "hex"),
      "port id of 1 bytes",
    ],
  ])("%s", (_, bytes, message) => expect(() => decodeFrame(bytes)).toThrow(message));
});

describe("a tolerated oddity:", () => {
  it("the End TLV is missing", () => expect(decodeFrame(mandatory("")).ttl).toBe(4));
  it("padding follows the End TLV", () => expect(decodeFrame(mandatory("0000ffff")).ttl).toBe(4));
  it("a string ends with NUL", () => expect(decodeFrame(mandatory("0a02610000000000")).systemName).toBe("a"));
  it("an unknown TLV", () => expect(decodeFrame(mandatory("1201000a0161")).systemName).toBe("a"));
  it("a management address that is cut off is dropped", () =>
    expect(decodeFrame(mandatory("100605010a0000010000")).managementAddresses).toEqual([]));
});

describe("a frame that we write", () => {
  const least: FrameToSend = {
    source: "02:00:00:00:00:0a",
    chassisId: { subtype: "mac", value: "02:00:00:00:00:0a" },
    portId: { subtype: "local", value: "swp7" },
    ttl: 4,
  };

  it("goes to the nearest bridge, at Ethernet's least length", () =>
    expect(encodeFrame(least)).toEqual(Buffer.concat([mandatory()], 60)));

  it("cuts a description at a character", () => {
    const { systemDescription } = decodeFrame(encodeFrame({ ...least, systemDescription: `a${"ü".repeat(200)}` }));
    expect(systemDescription).toBe(`a${"ü".repeat(127)}`);
  });

  it.each([
    [{ ttl: 70_000 }, "TTL"],
    [{ source: "02:00" }, "MAC"],
    [{ portId: { subtype: "local", value: "" } }, "0 bytes"],
    [{ chassisId: { subtype: "network address", value: "10.0.0.256" } }, "network address"],
    [{ organisational: [{ oui: "00", subtype: 1, value: new Uint8Array() }] }, "OUI"],
  ] as const)("refuses %j", (wrong, message) => expect(() => encodeFrame({ ...least, ...wrong })).toThrow(message));
});

describe("for all frames", () => {
  const mac = fc
    .uint8Array({ minLength: 6, maxLength: 6 })
    .map((bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":"));
  const text = fc.string({ minLength: 1, maxLength: 60, unit: "grapheme-ascii" });
  const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant("6:0200000000aa"));
  const frame = fc.record(
    {
      source: mac,
      destination: mac,
      chassisId: fc.oneof(
        fc.record({ subtype: fc.constant("mac" as const), value: mac }),
        fc.record({ subtype: fc.constant("network address" as const), value: address }),
        fc.record({ subtype: fc.constantFrom("local" as const, "interface name" as const), value: text }),
      ),
      portId: fc.record({ subtype: fc.constantFrom("interface alias" as const, "local" as const), value: text }),
      ttl: fc.nat(0xffff),
      systemName: text,
      systemDescription: text,
      managementAddresses: fc.array(
        fc.record({
          address,
          interfaceNumbering: fc.constantFrom("unknown" as const, "ifindex" as const, "port number" as const),
          interfaceNumber: fc.nat(),
        }),
        { maxLength: 3 },
      ),
      organisational: fc.array(
        fc.record({ oui: fc.constant("0080c2"), subtype: fc.nat(255), value: fc.uint8Array({ maxLength: 507 }) }),
        { maxLength: 3 },
      ),
    },
    { requiredKeys: ["source", "destination", "chassisId", "portId", "ttl", "managementAddresses", "organisational"] },
  );

  it("reading what was written and writing it again gives the same bytes", () =>
    fc.assert(
      fc.property(frame, (sent) => {
        const bytes = encodeFrame(sent);
        expect(encodeFrame(decodeFrame(bytes))).toEqual(bytes);
      }),
    ));

  it("any bytes are either a frame or refused with our error", () =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1600 }), fc.boolean(), (bytes, looksRight) => {
        const frame = looksRight ? Buffer.concat([mandatory(""), bytes]) : bytes;
        try {
          decodeFrame(frame);
        } catch (error) {
          expect(error).toBeInstanceOf(LldpFrameError);
        }
      }),
    ));

  it("a changed or shortened frame is either a frame or refused with our error", () =>
    fc.assert(
      fc.property(fc.nat(FROM_LLDPD.length - 1), fc.nat(255), fc.nat(FROM_LLDPD.length), (at, byte, length) => {
        const changed = Buffer.from(FROM_LLDPD);
        changed[at] = byte;
        try {
          decodeFrame(changed.subarray(0, length));
        } catch (error) {
          expect(error).toBeInstanceOf(LldpFrameError);
        }
      }),
    ));
});
