import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatAddress, parseAddress } from "../bmc/address.ts";
import { parseBmcs, parseCidrs } from "./candidates.ts";
import { activeLeases } from "./leases.ts";

const NOW = Date.UTC(2026, 10, 20, 12, 0, 0);

function lease(address: string, mac: string, ends: string, more = ""): string {
  return `lease ${address} {\n  starts 5 2026/11/20 10:00:00;\n  ends ${ends};\n${more}  hardware ethernet ${mac};\n}\n`;
}

const [A, B] = ["aa:aa:aa:aa:aa:01", "aa:aa:aa:aa:aa:02"];
const addresses = (text: string) => activeLeases(text, NOW).map(({ address }) => address);

describe("dhcpd.leases", () => {
  it("gives the leases that are in force", () => {
    const text = [
      "# The format of this file is documented in the dhcpd.leases(5) manual page.",
      "authoring-byte-order little-endian;",
      'server-duid "\\000\\001;}{\\"x";',
      lease("10.0.0.1", A, "5 2026/11/20 13:00:00", '  binding state active;\n  client-hostname "a;b}";\n'),
      lease("10.0.0.2", B, "5 2026/11/20 11:00:00"),
    ].join("\n");
    expect(activeLeases(text, NOW)).toEqual([{ address: "10.0.0.1", mac: A, ends: Date.UTC(2026, 10, 20, 13) }]);
  });

  it("knows leases without end and times as seconds", () => {
    expect(addresses(lease("10.0.0.1", A, "never"))).toEqual(["10.0.0.1"]);
    expect(addresses(lease("10.0.0.1", A, `epoch ${NOW / 1000 + 60}; # Fri Nov 20`))).toEqual(["10.0.0.1"]);
  });

  it("takes the latest lease of a MAC, and the last entry of an address", () => {
    const renewed = lease("10.0.0.1", A, "5 2026/11/20 13:00:00") + lease("10.0.0.9", A, "5 2026/11/20 14:00:00");
    expect(addresses(renewed)).toEqual(["10.0.0.9"]);
    const released = lease("10.0.0.1", A, "never") + lease("10.0.0.1", A, "never", "  binding state free;\n");
    expect(addresses(released)).toEqual([]);
  });

  it.each([
    ["a missing semicolon", `lease 10.0.0.7 {\n  ends never\n  hardware ethernet ${B};\n}\n`],
    ["an entry torn off in the middle", "lease 10.0.0.7 {\n  starts 5 2026/11/20 10:0"],
    ["an incomplete date", lease("10.0.0.7", B, "5 2026/11/20")],
    ["blocks of IPv6", 'ia-na "\\001" {\n cltt 1 2026/11/20 10:00:00;\n iaaddr fd00::1 {\n ends never;\n }\n}\n'],
    ["a lone quotation mark", 'uid "\n'],
  ])("%s costs only that entry", (_what, odd) => {
    const good = lease("10.0.0.1", A, "never");
    expect(addresses(odd + good)).toEqual(["10.0.0.1"]);
    expect(addresses(good + odd)).toEqual(["10.0.0.1"]);
  });

  it("that is noise never throws, and never hides a good entry after a closed one", () => {
    const piece = fc.constantFrom("lease", "10.0.0.3", "{", "}", ";", '"', "ends", "never", "\n", "#", "hardware");
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 60 }), (noise) => {
        expect(addresses(`${lease("10.0.0.1", A, "never")}\n${noise.join(" ")}`)).toContain("10.0.0.1");
      }),
    );
  });
});

describe("a list of BMCs", () => {
  it("takes hosts with and without a port, and IPv6", () => {
    const text = JSON.stringify([{ address: "10.0.0.1" }, { address: "[fd00::1]:6230", mac: "AA:AA:AA:AA:AA:01" }]);
    expect(parseBmcs(text)).toEqual([{ address: "10.0.0.1:623" }, { address: "[fd00::1]:6230", mac: A }]);
    expect(() => parseBmcs('[{"address": "a b"}]')).toThrow(/entry 1/);
  });

  it("has addresses that survive being written", () => {
    for (const address of ["10.0.0.1:1", "[fd00::1]:623", "bmc.example:623"]) {
      const { host, port } = parseAddress(address)!;
      expect(formatAddress(host, port)).toBe(address);
    }
    expect(parseAddress("fd00::1")).toEqual({ host: "fd00::1", port: 623 });
    expect([":623", "a:0", "a:65536", "[x]:1 2"].map(parseAddress)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("is limited to networks", () => {
    expect(parseCidrs(["10.0.0.0/8", "fd00::/8"])?.check("10.2.3.4")).toBe(true);
    expect(parseCidrs(["10.0.0.0/8"])?.check("11.0.0.1")).toBe(false);
    expect(() => parseCidrs(["10.0.0.0/33"])).toThrow(/not a network/);
  });
});
