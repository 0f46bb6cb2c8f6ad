import * as fc from "fast-check";
import { BlockList } from "node:net";
import { describe, expect, test } from "vitest";
import {
  type Address,
  BITS,
  covers,
  formatAddress,
  formatPrefix,
  overlaps,
  parseAddress,
  parsePrefix,
  type Prefix,
  remainder,
  reservedAddresses,
  sizeOf,
  usableRange,
} from "./address.ts";

const address: fc.Arbitrary<Address> = fc.oneof(
  fc.bigInt(0n, 2n ** 32n - 1n).map((value): Address => ({ family: "IPv4", value })),
  fc.bigInt(0n, 2n ** 128n - 1n).map((value): Address => ({ family: "IPv6", value })),
);
const prefix: fc.Arbitrary<Prefix> = fc
  .tuple(address, fc.nat(128))
  .map(([ip, length]) => parsePrefix(`${formatAddress(ip)}/${length % (BITS[ip.family] + 1)}`)!);

describe("addresses", () => {
  test("every address survives being written and read", () => {
    fc.assert(
      fc.property(address, (ip) => {
        expect(parseAddress(formatAddress(ip))).toEqual(ip);
      }),
    );
  });

  test.each([
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["::ffff:10.0.0.1", "::ffff:10.0.0.1"],
    ["255.255.255.255", "255.255.255.255"],
  ])("%s is written %s", (text, canonical) => expect(formatAddress(parseAddress(text)!)).toBe(canonical));

  test.each(["", "a", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1::2::3", "fe80::1%eth0", "10.0.0.0/8", "::/0"])(
    "%s is no address",
    (text) => expect(parseAddress(text)).toBeUndefined(),
  );

  test("no text makes the readers throw", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        parseAddress(text);
        parsePrefix(text);
      }),
    );
  });
});

describe("prefixes", () => {
  test.each([
    ["192.169.0.1/24", "192.169.0.0/24"],
    ["10.1.2.3/0", "0.0.0.0/0"],
    ["10.1.2.3/32", "10.1.2.3/32"],
    ["2001:db8::1/64", "2001:db8::/64"],
  ])("%s loses its host bits: %s", (text, canonical) => expect(formatPrefix(parsePrefix(text)!)).toBe(canonical));

  test.each(["10.0.0.0", "10.0.0.0/33", "10.0.0.0/08", "::/129", "/8", "10.0.0.0/", "10.0.0.0/8/8"])(
    "%s is no prefix",
    (text) => expect(parsePrefix(text)).toBeUndefined(),
  );

  test("covering agrees with Node's own block list", () => {
    fc.assert(
      fc.property(prefix, address, (outer, ip) => {
        const list = new BlockList();
        list.addSubnet(formatAddress(outer), outer.length, outer.family === "IPv4" ? "ipv4" : "ipv6");
        // Node takes ::ffff:0:0/96 for IPv4; here the families are apart.
        fc.pre(outer.family === ip.family && (ip.family === "IPv4" || ip.value >> 32n !== 0xffffn));
        const inside = covers(outer, { ...ip, length: BITS[ip.family] });
        expect(inside).toBe(list.check(formatAddress(ip), ip.family === "IPv4" ? "ipv4" : "ipv6"));
      }),
    );
  });

  test("what is left of a block fills it up exactly, without overlap", () => {
    fc.assert(
      fc.property(prefix, fc.nat(128), (child, length) => {
        const block = parsePrefix(`${formatAddress(child)}/${length % (child.length + 1)}`)!;
        const parts = [child, ...remainder(block, child)];
        expect(parts.reduce((sum, part) => sum + sizeOf(part), 0n)).toBe(sizeOf(block));
        for (const [index, part] of parts.entries())
          for (const other of parts.slice(index + 1)) expect(overlaps(part, other)).toBe(false);
      }),
    );
  });

  test.each([
    ["10.0.0.0/24", 254n, 2],
    ["10.0.0.0/30", 2n, 2],
    ["10.0.0.0/31", 0n, 2],
    ["10.0.0.0/32", 0n, 1],
    ["2001:db8::/120", 255n, 1],
    ["2001:db8::/127", 1n, 1],
    ["2001:db8::/128", 0n, 1],
  ])("%s has %d addresses to hand out and %d reserved", (cidr, count, reserved) => {
    const range = usableRange(parsePrefix(cidr)!);
    expect(range ? range.last - range.first + 1n : 0n).toBe(count);
    expect(reservedAddresses(parsePrefix(cidr)!)).toBe(reserved);
  });
});
