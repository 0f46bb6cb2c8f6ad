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
  it("lie on the disk, each once, hold both ends whole, and as many random ones as asked", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 1, max: 2 ** 36 }), fc.integer({ min: 1, max: 10_000 })),
        fc.constantFrom(512, 4096),
        fc.integer({ min: 0, max: 300 }),
        (sectors, sectorSize, sample) => {
          const ranges = chooseSectors(disk(sectors, sectorSize), sample);
          const edge = Math.min(sectors, (2 * 1024 * 1024) / sectorSize);
          expect(ranges[0]).toEqual({ first: 0, count: edge });
          let free = 0;
          for (const { first, count } of ranges) {
            expect(first).toBeGreaterThanOrEqual(free);
            expect(count).toBeLessThanOrEqual(edge);
            free = first + count;
          }
          expect(free).toBeLessThanOrEqual(sectors);
          if (sectors > edge) expect(free).toBe(sectors);
          const read = ranges.reduce((sum, { count }) => sum + count, 0);
          expect(read).toBe(Math.min(sectors, 2 * edge + sample));
        },
      ),
    );
  });

  it("are drawn anew each time", () => {
    const big = disk(2 ** 33, 512);
    expect(chooseSectors(big, 20)).not.toEqual(chooseSectors(big, 20));
  });
});
