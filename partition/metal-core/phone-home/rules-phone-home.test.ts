import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PhoneCalls } from "./rules-phone-home.ts";

const M1 = "00000000-0000-0000-0000-0000000000a1";
const M2 = "00000000-0000-0000-0000-0000000000a2";
const M3 = "00000000-0000-0000-0000-0000000000a3";
const SINCE = "provisioned since 2026-11-23";

describe("an installed machine", () => {
  it("is news the first time, when it was installed again, and at another port", () => {
    const calls = new PhoneCalls();
    expect(calls.hear("swp1", M1, SINCE, 0)).toBe(true);
    expect(calls.hear("swp1", M1, SINCE, 2_000)).toBe(false);
    expect(calls.hear("swp1", M1, "provisioned since tomorrow", 4_000)).toBe(true);
    expect(calls.hear("swp2", M1, SINCE, 6_000)).toBe(true);
    expect(calls.untold()).toMatchObject([{ machine: M1, port: "swp2", heardAt: 6_000 }]);
  });

  it("stays untold until metal-api knows it, and is told again when it is heard again", () => {
    const calls = new PhoneCalls();
    calls.hear("swp1", M1.toUpperCase(), SINCE, 0);
    const sent = calls.untold();
    calls.hear("swp1", M1, SINCE, 2_000); // while the call is under way
    calls.told(sent);
    expect(calls.untold()).toEqual([expect.objectContaining({ machine: M1, heardAt: 2_000 })]);
    calls.told(calls.untold());
    expect(calls.untold()).toEqual([]);
    calls.hear("swp1", M1, SINCE, 4_000);
    expect(calls.untold()).toHaveLength(1);
  });

  it.each([
    ["a machine in discovery", M1, "metal-hammer IP:10.0.0.1 waiting"],
    ["no machine", "leaf02", SINCE],
    ["a silent one", undefined, undefined],
  ])("is not %s", (_, name, description) => {
    const calls = new PhoneCalls();
    expect(calls.hear("swp1", name, description, 0)).toBe(false);
    expect(calls.untold()).toEqual([]);
  });

  it("finds no place while two others speak at its port, and finds one when a silent one is forgotten", () => {
    const calls = new PhoneCalls();
    calls.hear("swp1", M1, SINCE, 0);
    calls.hear("swp1", M2, SINCE, 50_000);
    expect(calls.hear("swp1", M3, SINCE, 60_000)).toBe(false);
    expect(calls.hear("swp2", M3, SINCE, 60_000)).toBe(true);
    expect(calls.hear("swp1", M3, SINCE, 60_001)).toBe(true);
  });

  it("is forgotten with its port", () => {
    const calls = new PhoneCalls();
    calls.hear("swp1", M1, SINCE, 0);
    calls.keepPorts(["swp2"]);
    expect(calls.untold()).toEqual([]);
  });
});

it("whoever speaks, there are at most two machines a port", () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom("swp1", "swp2"), fc.uuid(), fc.nat(100_000)), { maxLength: 60 }),
      (heard) => {
        const calls = new PhoneCalls();
        let now = 0;
        for (const [port, machine, wait] of heard) calls.hear(port, machine, SINCE, (now += wait));
        expect(calls.untold().length).toBeLessThanOrEqual(4);
      },
    ),
  ));
