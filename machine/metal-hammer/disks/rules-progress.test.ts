import { describe, expect, it } from "vitest";
import { describeRest, worthTelling } from "./rules-progress.ts";

const MINUTE = 60_000;

describe("the progress of an erase", () => {
  it("is told every half minute, or when there is much of it, but not every moment", () => {
    expect(worthTelling(0.001, 0, 30_000)).toBe(true);
    expect(worthTelling(0.06, 0, 2_000)).toBe(true);
    expect(worthTelling(0.04, 0, 2_000)).toBe(false);
    expect(worthTelling(0.9, 0, 500)).toBe(false);
  });

  it.each([
    [0.5, 5_000, ""],
    [0.001, MINUTE, ""],
    [0.5, 30_000, "less than a minute left"],
    [0.5, 4 * MINUTE, "about 4 min left"],
    [0.1, 5 * MINUTE, "about 50 min left"],
    [0.01, 3 * MINUTE, "about 5 h left"],
    [1, MINUTE, ""],
  ])("at %d after %d ms: %s", (fraction, elapsed, text) => expect(describeRest(fraction, elapsed)).toBe(text));
});
