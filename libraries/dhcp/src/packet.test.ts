import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Architecture, MessageType, messageTypeName, Option } from "./option-codes.ts";
import { DhcpFormatError } from "./options.ts";
import { BOOT_REPLY, BOOT_REQUEST, decodePacket, encodePacket, macOf, type DhcpPacket } from "./packet.ts";
import { readClient, readUserClasses } from "./values.ts";
import { formatIpv4 } from "./address.ts";

/** Packets captured from real firmware and clients; see README.md. */
function captured(name: string): Uint8Array {
  const text = readFileSync(new URL(`../testdata/${name}.hex`, import.meta.url), "utf8");
  return Buffer.from(text.replace(/^#.*$/gm, "").replace(/\s/g, ""), "hex");
}

const UUID = "12345678-9abc-def0-1234-56789abcdef0";

describe("a captured packet says who asks and what for", () => {
  it.each([
    ["ipxe-rom-bios-discover", "DISCOVER", "PXEClient:Arch:00000:UNDI:002001", [Architecture.BIOS], ["iPXE"], UUID],
    ["ipxe-rom-bios-request", "REQUEST", "PXEClient:Arch:00000:UNDI:002001", [Architecture.BIOS], ["iPXE"], UUID],
    ["undionly-discover", "DISCOVER", "PXEClient:Arch:00000:UNDI:002001", [Architecture.BIOS], ["iPXE"], UUID],
    ["ovmf-pxe-discover", "DISCOVER", "PXEClient:Arch:00007:UNDI:003000", [Architecture.EFI_X64], [], UUID],
    ["ovmf-pxe-request", "REQUEST", "PXEClient:Arch:00007:UNDI:003000", [Architecture.EFI_X64], [], UUID],
    ["ovmf-pxe-4011-request", "REQUEST", "PXEClient:Arch:00007:UNDI:003000", [Architecture.EFI_X64], [], UUID],
    ["ovmf-http-discover", "DISCOVER", "HTTPClient:Arch:00016:UNDI:003000", [Architecture.EFI_X64_HTTP], [], UUID],
    ["snponly-discover", "DISCOVER", "PXEClient:Arch:00007:UNDI:003010", [Architecture.EFI_X64], ["iPXE"], UUID],
    ["udhcpc-discover", "DISCOVER", "udhcp 1.35.0", [], [], undefined],
    ["dhclient-discover", "DISCOVER", undefined, [], [], undefined],
    ["dnsmasq-offer", "OFFER", undefined, [], [], undefined],
  ])("%s", (name, type, vendorClass, architectures, userClasses, uuid) => {
    const client = readClient(decodePacket(captured(name)));
    expect(messageTypeName(client.messageType)).toBe(type);
    expect(client).toMatchObject({ vendorClass, architectures, userClasses, uuid });
  });

  it("names the address that is wanted and the server that offered it", () => {
    const request = readClient(decodePacket(captured("dhclient-request")));
    expect(request).toMatchObject({ requestedAddress: "10.255.0.107", serverIdentifier: "10.255.0.2", hostName: "vm" });
  });

  it("holds iPXE's own options inside option 175: it can HTTP (19) and bzImage (24)", () => {
    const { ipxe } = readClient(decodePacket(captured("ipxe-rom-bios-discover")));
    expect([...ipxe!.keys()]).toEqual(expect.arrayContaining([19, 24]));
  });

  it("is the same after being read and written", () => {
    for (const name of ["ipxe-rom-bios-request", "ovmf-pxe-discover", "udhcpc-discover", "dnsmasq-offer"]) {
      const packet = decodePacket(captured(name));
      expect(decodePacket(encodePacket(packet))).toEqual(packet);
    }
  });
});

it("an answer goes onto the wire byte by byte as captured", () => {
  const bytes = captured("offer-to-ipxe");
  expect(Buffer.from(encodePacket(decodePacket(bytes))).toString("hex")).toBe(Buffer.from(bytes).toString("hex"));
});

describe("user classes", () => {
  it.each([
    [Buffer.from("iPXE"), ["iPXE"]],
    [Buffer.from("\x04iPXE"), ["iPXE"]],
    [Buffer.from("\x04iPXE\x09pixiecore"), ["iPXE", "pixiecore"]],
    [Buffer.alloc(0), []],
  ])("%o is read as %o", (value, classes) => expect(readUserClasses(value)).toEqual(classes));
});

describe("what is not DHCP", () => {
  const packet = captured("dhclient-discover");
  const changed = (at: number, value: number) => Uint8Array.from(packet, (byte, i) => (i === at ? value : byte));
  it.each([
    ["a few bytes", packet.subarray(0, 239)],
    ["a jumbo frame", new Uint8Array(1_473)],
    ["BOOTP without options", changed(236, 0)],
    ["an op that does not exist", changed(0, 3)],
    ["a hardware address longer than its field", changed(2, 17)],
    ["an option longer than the packet", changed(241, 255)],
  ])("%s is refused", (_, bytes) => expect(() => decodePacket(bytes)).toThrow(DhcpFormatError));

  it("never does more than be refused, whatever it is", () => {
    const header = packet.subarray(0, 240);
    const anyOptions = fc.uint8Array({ maxLength: 1_300 }).map((options) => Buffer.concat([header, options]));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 1_600 }), anyOptions), (bytes) => {
        try {
          readClient(decodePacket(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(DhcpFormatError);
        }
      }),
    );
  });
});

const address = fc.nat(0xffffffff).map(formatIpv4);
const latin1 = (maxLength: number) =>
  fc.uint8Array({ maxLength, min: 1 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const optionCode = fc.integer({ min: 1, max: 254 }).filter((code) => code !== Option.OVERLOAD);
const anyPacket: fc.Arbitrary<DhcpPacket> = fc.record({
  op: fc.constantFrom(BOOT_REQUEST, BOOT_REPLY),
  hardwareType: fc.nat(255),
  hops: fc.nat(255),
  transactionId: fc.nat(0xffffffff),
  seconds: fc.nat(0xffff),
  broadcast: fc.boolean(),
  clientAddress: address,
  yourAddress: address,
  nextServer: address,
  relayAddress: address,
  hardwareAddress: fc.uint8Array({ maxLength: 16 }),
  serverName: fc.oneof(fc.constant(""), latin1(63)),
  bootFile: fc.oneof(fc.constant(""), latin1(127)),
  options: fc
    .uniqueArray(fc.tuple(optionCode, fc.uint8Array({ maxLength: 300, size: "max" })), {
      maxLength: 8,
      selector: ([code]) => code,
    })
    .map((entries) => new Map(entries)),
});

describe("any packet", () => {
  const plain = (packet: DhcpPacket) => ({
    ...packet,
    hardwareAddress: [...packet.hardwareAddress],
    options: [...packet.options].map(([code, value]) => [code, ...value]),
  });

  it("comes back as it was, also when its options spill into the file and server name fields", () => {
    let overloaded = 0;
    fc.assert(
      fc.property(anyPacket, fc.integer({ min: 548, max: 1_472 }), (packet, maxBytes) => {
        let bytes: Uint8Array;
        try {
          bytes = encodePacket(packet, maxBytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          return;
        }
        expect(bytes.length).toBeLessThanOrEqual(maxBytes);
        if (packet.bootFile === "" && bytes[108] !== 0) overloaded += 1;
        expect(plain(decodePacket(bytes))).toEqual(plain(packet));
      }),
      { numRuns: 500 },
    );
    expect(overloaded).toBeGreaterThan(0);
  });

  it("carries an option of more than 255 bytes in pieces (RFC 3396)", () => {
    const domains = new Uint8Array(300).fill(7);
    const packet = { ...decodePacket(captured("dnsmasq-offer")), options: new Map([[119, domains]]) };
    const bytes = encodePacket(packet);
    expect([...bytes.subarray(240, 242)]).toEqual([119, 255]);
    expect([...bytes.subarray(240 + 257, 240 + 259)]).toEqual([119, 45]);
    expect([...decodePacket(bytes).options.get(119)!]).toEqual([...domains]);
  });

  it("does not encode what would not fit or not come back", () => {
    const packet = decodePacket(captured("dnsmasq-offer"));
    expect(() => encodePacket({ ...packet, bootFile: "x".repeat(128) })).toThrow("only 127 fit");
    expect(() => encodePacket({ ...packet, options: new Map([[43, new Uint8Array(2_000)]]) })).toThrow("do not fit");
    expect(() => encodePacket({ ...packet, yourAddress: "10.0.0.256" })).toThrow("not an IPv4 address");
  });

  it("has a mac only when it is Ethernet", () => {
    const packet = decodePacket(captured("udhcpc-discover"));
    expect(macOf(packet)).toBe("52:54:00:00:01:01");
    expect(macOf({ ...packet, hardwareType: 32 })).toBeUndefined();
    expect(readClient(packet).messageType).toBe(MessageType.DISCOVER);
  });
});
