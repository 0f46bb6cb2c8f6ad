import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BmcFacts, EMPTY_IPMI, mergeAddress, mergeIpmi, splitAddress } from "./rules.ts";

const NOW = new Date("2026-11-23T12:00:00Z");
const SILENT: BmcFacts = {
  address: "",
  mac: "",
  bmcVersion: "",
  biosVersion: "",
  powerState: "",
  indicatorLed: "",
  fru: {},
};

describe("a BMC's address", () => {
  it.each([
    ["", "10.0.0.1", "10.0.0.1:623"],
    ["10.0.0.9:6230", "10.0.0.1", "10.0.0.1:6230"],
    ["10.0.0.9:6230", "10.0.0.1:624", "10.0.0.1:624"],
    ["", "2001:db8::1", "[2001:db8::1]:623"],
    ["[2001:db8::9]:624", "2001:db8::1", "[2001:db8::1]:624"],
    ["", "[2001:db8::1]:625", "[2001:db8::1]:625"],
    ["", "[::1]", "[::1]:623"],
    ["garbage::x:1:2", "bmc.example", "bmc.example:623"],
    ["10.0.0.9:623", "10.0.0.1:0", undefined],
    ["10.0.0.9:623", "a b", undefined],
    ["10.0.0.9:623", "", undefined],
  ])("%s, then reported %s: %s", (stored, reported, wish) => expect(mergeAddress(stored, reported)).toBe(wish));

  it("never throws and stays itself when reported again", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), (text) => {
        const address = mergeAddress("", text);
        if (address) expect(mergeAddress(address, address)).toBe(address);
        else expect(splitAddress(text)).toBeUndefined();
      }),
    );
  });
});

describe("what a BMC reports", () => {
  it("replaces what it tells and keeps what it does not tell", () => {
    const stored = {
      ...EMPTY_IPMI,
      address: "10.0.0.9:623",
      user: "metal",
      fru: { board_mfg: "Acme" },
    };
    const merged = mergeIpmi(
      stored,
      { ...SILENT, address: "10.0.0.1", powerState: "ON", fru: { product_serial: "1" } },
      NOW,
    );
    expect(merged).toEqual({
      ...stored,
      address: "10.0.0.1:623",
      powerstate: "ON",
      fru: { board_mfg: "Acme", product_serial: "1" },
      last_updated: "2026-11-23T12:00:00.000Z",
    });
  });

  it("is bounded", () => {
    const merged = mergeIpmi(null, { ...SILENT, mac: "x".repeat(1000), fru: { board_mfg: "\0y" } }, NOW);
    expect(merged.mac).toHaveLength(256);
    expect(merged.fru.board_mfg).toBe("y");
  });
});
