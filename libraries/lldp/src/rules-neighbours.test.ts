import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NeighbourTable, type LldpFrame } from "./index.ts";

function frameFrom(system: string, changes: Partial<LldpFrame> = {}): LldpFrame {
  return {
    source: "02:00:00:00:00:01",
    destination: "01:80:c2:00:00:0e",
    chassisId: { subtype: "local", value: system },
    portId: { subtype: "interface name", value: "eth0" },
    ttl: 10,
    managementAddresses: [],
    organisational: [],
    ...changes,
  };
}

describe("a neighbour", () => {
  it("appears, is refreshed, changes, and disappears with a shutdown frame", () => {
    const table = new NeighbourTable();
    expect(table.receive("swp1", frameFrom("m1"), 0)).toBe("appeared");
    expect(table.receive("swp1", frameFrom("m1"), 5_000)).toBe("refreshed");
    expect(table.receive("swp1", frameFrom("m1", { systemDescription: "provisioned" }), 9_000)).toBe("changed");
    expect(table.on("swp1")).toHaveLength(1);
    expect(table.receive("swp1", frameFrom("m1", { ttl: 0 }), 9_500)).toBe("disappeared");
    expect(table.receive("swp1", frameFrom("m1", { ttl: 0 }), 9_500)).toBe("ignored");
    expect(table.all()).toEqual([]);
  });

  it("is forgotten when its time to live has passed since it was last heard", () => {
    const table = new NeighbourTable();
    table.receive("swp1", frameFrom("m1"), 0);
    table.receive("swp1", frameFrom("m1"), 5_000);
    expect(table.expire(14_999)).toEqual([]);
    expect(table.expire(15_000).map((neighbour) => neighbour.frame.chassisId.value)).toEqual(["m1"]);
  });

  it("is forgotten when our interface goes down, and only there", () => {
    const table = new NeighbourTable();
    table.receive("swp1", frameFrom("m1"), 0);
    table.receive("swp2", frameFrom("m1"), 0);
    expect(table.forget("swp1")).toHaveLength(1);
    expect(table.all().map((neighbour) => neighbour.interface)).toEqual(["swp2"]);
  });

  it("is ignored while four others hold the interface", () => {
    const table = new NeighbourTable();
    for (const name of ["m1", "m2", "m3", "m4"]) table.receive("swp1", frameFrom(name), 0);
    expect(table.receive("swp1", frameFrom("m5"), 0)).toBe("ignored");
    expect(table.receive("swp2", frameFrom("m5"), 0)).toBe("appeared");
    expect(table.receive("swp1", frameFrom("m5"), 10_000)).toBe("appeared");
  });
});

it("whatever arrives, nobody stays beyond its time to live and no interface has more than four", () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom("swp1", "swp2"), fc.nat(9), fc.nat(20), fc.nat(10_000)), { maxLength: 100 }),
      (arrivals) => {
        const table = new NeighbourTable();
        let now = 0;
        for (const [port, system, ttl, wait] of arrivals) {
          now += wait;
          table.receive(port, frameFrom(`m${system}`, { ttl }), now);
          expect(table.all().every((neighbour) => neighbour.expiresAt > now)).toBe(true);
          expect(Math.max(table.on("swp1").length, table.on("swp2").length)).toBeLessThanOrEqual(4);
        }
      },
    ),
  ));
