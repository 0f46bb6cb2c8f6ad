import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSafe, mayPass, pauseBefore } from "./rules-retry.ts";

describe("what is sent again", () => {
  it.each([
    ["GET", "/v1/machine", true],
    ["POST", "/v1/machine/find", true],
    ["POST", "/v1/machine/ipmi/find", true],
    ["POST", "/v1/size/suggest", true],
    ["POST", "/v1/machine", false],
    ["POST", "/v1/machine/allocate", false],
    ["POST", "/v1/vpn/authkey", false],
    ["PUT", "/v1/size", false],
    ["DELETE", "/v1/machine/find", false],
  ])("%s %s: %s", (method, path, safe) => expect(isSafe(method, path, false)).toBe(safe));

  it.each([
    ["POST", "/v1/machine/allocate", true],
    ["POST", "/v1/firewall/allocate", true],
    ["POST", "/v1/network/allocate", false],
    ["PUT", "/v1/size", false],
  ])("%s %s with a key that the API may not know: %s", (method, path, safe) =>
    expect(isSafe(method, path, true)).toBe(safe),
  );
});

describe("what is answered otherwise the next time", () => {
  it.each([
    [429, true, true],
    [429, false, true],
    [503, true, true],
    [503, false, false],
    [500, true, false],
    [409, true, false],
  ])("%i, safe to send again %s: %s", (status, safe, passes) => expect(mayPass(status, safe)).toBe(passes));
});

describe("the pause before it", () => {
  const now = new Date("2026-11-24T12:00:00Z");
  const random = fc.double({ min: 0, max: 1, noNaN: true });

  it("grows to five seconds, and is never the same for all", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), random, (attempt, jitter) => {
        const pause = pauseBefore(attempt, null, now, jitter)!;
        expect(pause).toBeGreaterThanOrEqual(100);
        expect(pause).toBeLessThanOrEqual(Math.min(5_000, 200 * 2 ** (attempt - 1)));
      }),
    );
  });

  it.each([
    ["7", 7_000],
    ["Tue, 24 Nov 2026 12:00:20 GMT", 20_000],
    ["Tue, 24 Nov 2026 11:00:00 GMT", 0],
    ["61", undefined],
    ["soon", 200],
  ])("is what the server asks for: %s", (asked, pause) => expect(pauseBefore(1, asked, now, 1)).toBe(pause));
});
