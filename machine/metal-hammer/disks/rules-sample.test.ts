import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseSectors, LONGEST_READ, planReads, type Geometry } from "./rules-sample.ts";

const disk = (sectors: number, sectorSize: number): Geometry => ({
  size: BigInt(sectors) * BigInt(sectorSize),
  sectorSize,
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

  it("are fetched in reads that hold all of them, in order, and are not too long", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 1, max: 2 ** 36 }), fc.integer({ min: 1, max: 100_000 })),
        fc.constantFrom(512, 4096),
        fc.integer({ min: 0, max: 300 }),
        (sectors, sectorSize, sample) => {
          const ranges = chooseSectors(disk(sectors, sectorSize), sample);
          const reads = planReads(ranges, sectorSize);
          expect(reads.flatMap((read) => read.ranges)).toEqual(ranges);
          for (const { first, count, ranges } of reads) {
            expect(count * sectorSize).toBeLessThanOrEqual(LONGEST_READ);
            expect(first).toBe(ranges[0]!.first);
            expect(first + count).toBe(ranges.at(-1)!.first + ranges.at(-1)!.count);
          }
        },
      ),
    );
  });

  it("of a small disk come in few reads", () => {
    const twoGibibytes = disk(2 ** 22, 512);
    expect(planReads(chooseSectors(twoGibibytes, 10_000), 512).length).toBeLessThan(7_000);
  });
});
