import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isolationProblems, wantedPorts, type PortConfiguration } from "./rules-membership.ts";

const BOOT_VNI = 104_000;
const port = (vrf: string, changes: Partial<PortConfiguration> = {}): PortConfiguration => ({
  name: "swp1",
  vrf,
  allowedCidrs: [],
  allowedVnis: [],
  adminStatus: "",
  ...changes,
});
const membership = (configured: PortConfiguration) => wantedPorts([configured], BOOT_VNI)[0]!.membership;

describe("a port", () => {
  it("boots without VRF", () => expect(membership(port(""))).toEqual({ kind: "boot" }));
  it("is up when told so, in either case", () =>
    expect(membership(port("", { adminStatus: "up" }))).toEqual({ kind: "boot" }));
  it("is a tenant's with a VRF", () =>
    expect(membership(port("vrf104001", { allowedCidrs: ["10.0.0.0/22"] }))).toEqual({
      kind: "tenant",
      vrf: 104_001,
      cidrs: ["10.0.0.0/22"],
    }));
  it("is a firewall's in the default VRF", () =>
    expect(membership(port("default", { allowedVnis: [104_001] }))).toEqual({
      kind: "firewall",
      vnis: [104_001],
      cidrs: [],
    }));

  it.each(["vrf", "vrf0", "vrf01", "vrf-1", "vrf1.5", "vrf16777216", "Vrf7", " vrf7", "vrf7\n", "mgmt", "vrf104000"])(
    "is isolated, and that is a problem, with VRF %j",
    (vrf) => {
      const wanted = wantedPorts([port(vrf)], BOOT_VNI);
      expect(wanted[0]!.membership.kind).toBe("isolated");
      expect(isolationProblems(wanted)).toHaveLength(1);
    },
  );

  it("is isolated when an operator disables it, and that is no problem", () => {
    const wanted = wantedPorts([port("vrf7", { adminStatus: "DOWN" })], BOOT_VNI);
    expect(wanted[0]!.membership).toEqual({ kind: "isolated", reason: "admin status DOWN" });
    expect(isolationProblems(wanted)).toEqual([]);
  });

  it("is isolated when it is configured twice", () =>
    expect(wantedPorts([port("vrf7"), port("vrf8")], BOOT_VNI)).toEqual([
      { name: "swp1", membership: { kind: "isolated", reason: "configured 2 times" } },
    ]));
});

it("whatever metal-api says, a tenant's port is never in the boot network", () =>
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.nat(2 ** 25).map((number) => `vrf${number}`),
      ),
      fc.string(),
      (vrf, adminStatus) => {
        const found = membership(port(vrf, { adminStatus }));
        if (found.kind === "boot") expect(vrf).toBe("");
        if (found.kind === "tenant") {
          expect(vrf).toBe(`vrf${found.vrf}`);
          expect(found.vrf).not.toBe(BOOT_VNI);
          expect(found.vrf).toBeGreaterThan(0);
          expect(found.vrf).toBeLessThan(2 ** 24);
        }
      },
    ),
  ));
