import { describe, expect, it } from "vitest";
import { decideInstruction, decidePlan, type MachineFacts } from "./rules.ts";

/** A machine in the pool. */
function machine(different: Partial<MachineFacts> = {}): MachineFacts {
  return {
    disks: "erased",
    disksReason: "",
    stateValue: "",
    stateDescription: "",
    bmcSeen: true,
    releaseOpen: false,
    allocation: null,
    ...different,
  };
}

const fresh = { installed: false, reinstall: false };
const installed = { installed: true, reinstall: false };
const reinstall = { installed: true, reinstall: true };

describe("the discovery image is told to", () => {
  it.each([
    ["wait in the pool", machine(), { kind: "wait", allocatable: true, reason: "" }],
    ["erase disks nobody vouches for", machine({ disks: "unknown" }), { kind: "erase" }],
    ["erase in a release", machine({ disks: "erasing", releaseOpen: true }), { kind: "erase" }],
    ["erase when a release was lost", machine({ disks: "in-use" }), { kind: "erase" }],
    ["erase although locked", machine({ disks: "unknown", stateValue: "LOCKED" }), { kind: "erase" }],
    [
      "wait in quarantine",
      machine({ disks: "quarantined", disksReason: "/dev/sda failed" }),
      { kind: "wait", allocatable: false, reason: "quarantined: /dev/sda failed" },
    ],
    [
      "wait while locked",
      machine({ stateValue: "LOCKED", stateDescription: "bad RAM" }),
      { kind: "wait", allocatable: false, reason: "locked: bad RAM" },
    ],
    ["wait while tainted", machine({ stateValue: "TAINTED" }), { kind: "wait", allocatable: false, reason: "tainted" }],
    ["install for a tenant", machine({ disks: "in-use", allocation: fresh }), { kind: "install" }],
    ["install again when asked to", machine({ disks: "in-use", allocation: reinstall }), { kind: "install" }],
    [
      "leave an installed machine alone",
      machine({ disks: "in-use", allocation: installed }),
      { kind: "reboot", reason: "the machine is installed: it boots its own disk" },
    ],
  ] as const)("%s", (_, facts, wish) => expect(decideInstruction(facts, true)).toEqual(wish));
});

describe("a machine that network-boots", () => {
  it.each([
    ["new", null, null, "discovery"],
    ["known", "fra", null, "discovery"],
    ["allocated", "fra", fresh, "discovery"],
    ["installed", "fra", installed, "local disk"],
    ["to be reinstalled", "fra", reinstall, "discovery"],
    ["of another partition", "muc", null, "refuse"],
    ["installed in another partition", "muc", installed, "refuse"],
  ])("%s: %s", (_, partitionId, allocation, kind) =>
    expect(decidePlan("fra", { partitionId, allocation }).kind).toBe(kind),
  );
});
