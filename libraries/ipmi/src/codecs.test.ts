// The codecs against standards' examples, themselves, and noise.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BootFlags, decodeBootFlags, encodeBootFlags } from "./boot-flags.ts";
import { CIPHER_SUITES } from "./cipher-suites.ts";
import { decodeFru, encodeFru } from "./fru.ts";
import { decodeFruFields } from "./fru-field.ts";
import { decodeGuid, encodeGuid, guessGuid } from "./guid.ts";
import { decodeRequest, decodeResponse, encodeRequest } from "./message.ts";
import { decodePacket } from "./packet.ts";
import { deriveSessionKeys, openPacket, sealPacket } from "./protection.ts";
import { encodeGuestRequest, encodeGuestResponse, EXTERN_GREETING, GuestRequestReader } from "./qemu-extern.ts";
import { decodeOpenRequest, decodeOpenResponse, decodeRakp, decodeRakp1 } from "./rakp.ts";
import { SequenceWindow } from "./server/sequence-window.ts";

const bytes = (limits: { minLength?: number; maxLength?: number } = {}) =>
  fc.uint8Array(limits).map((array) => Buffer.from(array));
const byte = fc.integer({ min: 0, max: 255 });

describe("a uuid", () => {
  const uuid = "00112233-4455-4677-8899-aabbccddeeff";

  it("travels in reverse by the specification, half reversed by SMBIOS", () => {
    expect(encodeGuid(uuid).toString("hex")).toBe("ffeeddccbbaa99887746554433221100");
    expect(encodeGuid(uuid, "smbios").toString("hex")).toBe("33221100554477468899aabbccddeeff");
  });

  it.each(["ipmi", "smbios"] as const)("is recognised in %s order", (order) => {
    fc.assert(
      // Version 1 counts only with a server's timestamp: see below.
      fc.property(fc.uuid({ version: [3, 4, 5] }), (uuid) => {
        expect(guessGuid(encodeGuid(uuid, order))).toBe(uuid);
      }),
    );
  });

  it("of a real server, by its timestamp, is recognised in every order", () => {
    const made2015 = "5e2cf3c0-9d5b-11e5-8994-feff819cdc9f";
    for (const order of ["ipmi", "smbios", "rfc4122"] as const)
      expect(guessGuid(encodeGuid(made2015, order))).toBe(made2015);
  });

  it("that follows no RFC is read by the specification", () => {
    const odd = "00000000-0000-0000-0000-000000000001";
    expect(guessGuid(encodeGuid(odd))).toBe(odd);
    expect(decodeGuid(encodeGuid(odd, "smbios"), "smbios")).toBe(odd);
  });
});

describe("boot flags", () => {
  it("have the values that the original sends (reference/partition-services.md 4.5)", () => {
    expect([...encodeBootFlags({ device: "pxe", persistent: true, efi: true })]).toEqual([0xe0, 0x04, 0, 0, 0]);
    expect([...encodeBootFlags({ device: "disk", persistent: false, efi: true })]).toEqual([0xa0, 0x08, 0, 0, 0]);
    expect([...encodeBootFlags({ device: "bios", persistent: true, efi: true })]).toEqual([0xe0, 0x18, 0, 0, 0]);
    expect(decodeBootFlags(Buffer.of(0xe0, 0x24, 0, 0, 0))).toEqual({ device: "disk", persistent: true, efi: true });
    expect(decodeBootFlags(Buffer.alloc(5))).toBeUndefined();
  });

  it("survive the wire", () => {
    const device = fc.constantFrom<BootFlags["device"]>("none", "pxe", "disk", "cdrom", "bios");
    fc.assert(
      fc.property(fc.record({ device, persistent: fc.boolean(), efi: fc.boolean() }), (flags) => {
        expect(decodeBootFlags(encodeBootFlags(flags))).toEqual(flags);
      }),
    );
  });
});

describe("a FRU inventory", () => {
  const text = fc.stringMatching(/^([!-~]([ -~]{0,40}[!-~]))?$/);
  const fru = fc.record({
    chassis: fc.record({ type: byte, partNumber: text, serial: text }),
    board: fc.record({ manufacturer: text, productName: text, serial: text, partNumber: text }),
    product: fc.record({
      manufacturer: text,
      name: text,
      partNumber: text,
      version: text,
      serial: text,
      assetTag: text,
    }),
  });

  it("reads as it was written", () => {
    fc.assert(
      fc.property(fru, (fru) => {
        expect(decodeFru(encodeFru(fru))).toEqual(fru);
      }),
    );
  });

  it("may lack areas, and may have one-character fields, which look like the end mark", () => {
    expect(decodeFru(encodeFru({}))).toEqual({});
    const chassis = { type: 23, partNumber: "X", serial: "Y" };
    expect(decodeFru(encodeFru({ chassis }))).toEqual({ chassis });
  });

  it("knows the packed encodings", () => {
    // The standard's own example of 6-bit ASCII: "IPMI" is 29 dc a6 (§13.3).
    expect(decodeFruFields(Buffer.of(0x83, 0x29, 0xdc, 0xa6, 0x42, 0x12, 0x3c, 0x02, 0xde, 0xad, 0xc1), 0)).toEqual([
      "IPMI",
      "123.",
      "dead",
    ]);
  });

  it("that is garbage never throws", () => {
    fc.assert(fc.property(bytes({ maxLength: 300 }), (garbage) => void decodeFru(garbage)));
    const damaged = fc.tuple(fru, fc.nat(), byte);
    fc.assert(
      fc.property(damaged, ([fru, position, value]) => {
        const encoded = encodeFru(fru);
        encoded[position % encoded.length] = value;
        decodeFru(encoded);
      }),
    );
  });
});

describe("packets", () => {
  it("that are garbage are no packets, and never throw", () => {
    fc.assert(
      fc.property(bytes({ maxLength: 200 }), (garbage) => {
        for (const prefix of [[], [6, 0, 0xff, 7], [6, 0, 0xff, 6], [6, 0, 0xff, 7, 6], [6, 0, 0xff, 7, 0]])
          decodePacket(Buffer.concat([Buffer.from(prefix), garbage]));
        for (const decode of [
          decodeRequest,
          decodeResponse,
          decodeOpenRequest,
          decodeOpenResponse,
          decodeRakp,
          decodeRakp1,
        ])
          decode(garbage);
      }),
    );
  });

  it.each([3, 17] as const)("are sealed and opened with cipher suite %i, and only unchanged", (id) => {
    const keys = deriveSessionKeys(CIPHER_SUITES[id], Buffer.alloc(CIPHER_SUITES[id].keyLength, 7));
    fc.assert(
      fc.property(bytes({ maxLength: 250 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (payload, at, flip) => {
        const datagram = sealPacket(keys, { payloadType: 1, sessionId: 5, sequence: 9 }, payload);
        const packet = decodePacket(datagram);
        expect(packet?.format === "2.0" && openPacket(keys, packet)).toEqual(payload);
        const position = 4 + (at % (datagram.length - 4));
        datagram[position] = datagram[position]! ^ flip;
        const changed = decodePacket(datagram);
        expect(changed?.format === "2.0" ? openPacket(keys, changed) : undefined).toBeUndefined();
      }),
    );
  });

  it("carry requests", () => {
    const request = fc.record({
      netFn: fc.constantFrom(0, 6, 10, 12),
      command: byte,
      sequence: fc.integer({ min: 0, max: 63 }),
      data: bytes({ maxLength: 60 }),
    });
    fc.assert(
      fc.property(request, (request) => {
        expect(decodeRequest(encodeRequest(request))).toMatchObject(request);
      }),
    );
  });
});

describe("a window of sequence numbers", () => {
  it("lets each number pass once, in any order within it", () => {
    const window = new SequenceWindow();
    expect([1, 3, 2, 3, 2, 1, 40, 39, 39, 8, 7, 0, 72].map((n) => window.accept(n))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      true,
      true,
      false,
      false,
      false,
      false,
      true,
    ]);
  });
});

describe("QEMU's framing", () => {
  it("greets with version and capabilities", () => {
    expect(EXTERN_GREETING.toString("hex")).toBe("ff01a1083fa1");
  });

  it("carries the guest's requests in any pieces, whatever bytes they have", () => {
    const request = fc.record({
      sequence: byte,
      netFn: fc.constantFrom(0, 6, 10, 12),
      lun: fc.integer({ min: 0, max: 3 }),
      command: byte,
      data: bytes({ maxLength: 60 }),
    });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 4 }), fc.integer({ min: 1, max: 9 }), (requests, size) => {
        const stream = Buffer.concat(requests.map(encodeGuestRequest));
        const reader = new GuestRequestReader();
        const seen = [];
        for (let at = 0; at < stream.length; at += size) seen.push(...reader.read(stream.subarray(at, at + size)));
        expect(seen).toEqual(requests);
      }),
    );
  });

  it("skips garbage and finds the next request", () => {
    const request = { sequence: 1, netFn: 6, lun: 0, command: 1, data: Buffer.alloc(0) };
    fc.assert(
      fc.property(bytes({ maxLength: 2000 }), (garbage) => {
        const reader = new GuestRequestReader();
        reader.read(garbage);
        reader.read(Buffer.of(0xa0));
        expect(reader.read(encodeGuestRequest(request))).toEqual([request]);
      }),
    );
  });

  it("answers with the request's sequence number and the checksum", () => {
    const request = { sequence: 0xaa, netFn: 6, lun: 0, command: 1, data: Buffer.alloc(0) };
    const answer = encodeGuestResponse(request, { completionCode: 0, data: Buffer.of(0xa0) });
    expect(answer.toString("hex")).toBe("aaba1c0100aab099a0");
  });
});
