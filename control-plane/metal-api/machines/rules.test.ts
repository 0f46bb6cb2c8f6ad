import { describe, expect, it, test } from "vitest";
import { explainAbsence, obstacles } from "./rules-availability.ts";
import { checkedState, shownState } from "./rules-state.ts";
import { machineTags } from "./rules-tags.ts";

describe("states", () => {
  it("know RESERVED and TAINTED as one, shown by the name that old clients know", () => {
    expect([checkedState("RESERVED", "why"), checkedState("TAINTED", "why")]).toEqual(["TAINTED", "TAINTED"]);
    expect([shownState("TAINTED"), shownState("LOCKED"), shownState("")]).toEqual(["RESERVED", "LOCKED", ""]);
  });
  it("need a reason, and are only these", () => {
    expect(() => checkedState("LOCKED", "")).toThrow("you must supply a description");
    expect(() => checkedState("BROKEN", "x")).toThrow("unknown MachineState:BROKEN");
    expect(checkedState("", "")).toBe("");
  });
});

describe("tags", () => {
  const facts = {
    rackId: "r1",
    chassisSerial: "c7",
    networks: [
      { private: false, asn: 1 },
      { private: true, asn: 4210000007 },
    ],
  };
  it("are the user's, then the last value of each key, then the system's", () => {
    expect(machineTags(["b", "a", "b", "k=1", "k=2=3", "machine.metal-stack.io/rack=mine"], facts)).toEqual([
      "a",
      "b",
      "k=2=3",
      "machine.metal-stack.io/chassis=c7",
      "machine.metal-stack.io/network.primary.asn=4210000007",
      "machine.metal-stack.io/rack=r1",
    ]);
  });
  it("of the system are only those that are known", () => {
    expect(machineTags([], { rackId: "", chassisSerial: undefined, networks: [] })).toEqual([]);
  });
});

describe("availability", () => {
  const waiting = { allocated: false, state: "", disks: "erased", waiting: true, alive: true } as const;
  test.each([
    [{}, []],
    [{ waiting: false }, ["not waiting for instructions (booting, or switched off)"]],
    [{ state: "LOCKED", disks: "erasing" } as const, ["locked by an operator", "being erased"]],
    [{ disks: "unknown", alive: false } as const, ["not yet proven erased", "silent for more than five minutes"]],
  ])("%j: %j", (facts, expected) => expect(obstacles({ ...waiting, ...facts })).toEqual(expected));

  it("of a whole size is one sentence, the largest group first", () => {
    expect(explainAbsence("s", "p", [])).toBe("there is no machine of size s in partition p");
    expect(
      explainAbsence("s", "p", [
        { ...waiting, disks: "erasing", count: 2 },
        { ...waiting, allocated: true, disks: "in-use", count: 9 },
        { ...waiting, disks: "erasing", alive: false, count: 1 },
        { ...waiting, count: 1 },
      ]),
    ).toBe(
      "of 13 machines of size s in partition p: 9 allocated, 3 being erased, 1 just being allocated to somebody else",
    );
  });
});
