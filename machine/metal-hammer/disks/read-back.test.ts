import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Disk } from "./inventory.ts";
import { chooseSectors } from "./read-back.ts";

const disk = (sectors: number, sectorSize: number): Disk => ({
  name: "/dev/vda",
  size: BigInt(sectors) * BigInt(sectorSize),
  serial: "",
  model: "",
  rotational: false,
  transport: "virtio",
  readOnly: false,
  sectorSize,
  discard: false,
  writeZeroes: false,
});

describe("the sectors read back", () => {
  it("lie on the disk, hold both ends whole, and as many random ones as asked", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 36 }),
        fc.constantFrom(512, 4096),
        fc.integer({ min: 0, max: 300 }),
        (sectors, sectorSize, sample) => {
          const ranges = chooseSectors(disk(sectors, sectorSize), sample);
          const edge = Math.min(sectors, (2 * 1024 * 1024) / sectorSize);
          expect(ranges[0]).toEqual({ first: 0, count: edge });
          for (const { first, count } of ranges) {
            expect(first).toBeGreaterThanOrEqual(0);
            expect(first + count).toBeLessThanOrEqual(sectors);
          }
          const last = ranges.at(-1)!;
          if (sectors > edge) expect(last.first + last.count).toBe(sectors);
          expect(ranges.length).toBe(sample + (sectors > edge ? 2 : 1));
        },
      ),
    );
  });

  it("are drawn anew each time", () => {
    const big = disk(2 ** 33, 512);
    expect(chooseSectors(big, 20)).not.toEqual(chooseSectors(big, 20));
  });
});
