import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseMarks, describeLostMark } from "./rules-marks.ts";

const marksOf = (sectors: number) => chooseMarks({ size: BigInt(sectors) * 512n, sectorSize: 512 });

describe("the marks on a disk", () => {
  it("lie on it, each once, first and last sector included, and are few", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 1, max: 2 ** 40 }), fc.integer({ min: 1, max: 300 })),
        (sectors: number) => {
          const marks = marksOf(sectors);
          expect(marks[0]).toBe(0);
          expect(marks.at(-1)).toBe(sectors - 1);
          expect(marks.every((mark, n) => n === 0 || mark > marks[n - 1]!)).toBe(true);
          expect(marks.length).toBeLessThan(100);
        },
      ),
    );
  });

  it("give away a disk that wraps around at a sixteenth or at a power of two", () => {
    const sectors = 1_953_525_168;
    const marks = marksOf(sectors);
    for (const real of [sectors / 2, sectors / 16, (sectors / 16) * 9, 2 ** 28, 2 ** 30].map(Math.floor))
      expect(marks.some((mark) => mark >= real && marks.includes(mark % real))).toBe(true);
  });

  it("tell what is wrong when one is lost", () => {
    expect(describeLostMark(10, undefined, 512)).toBe(
      "what was written at byte 5120 is not there: the disk drops writes, or is smaller than it says",
    );
    expect(describeLostMark(0, 8, 4096)).toBe(
      "what was written at byte 32768 is found at byte 0: the disk is smaller than it says",
    );
  });
});
