import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { describeSpan, HungError, withinLimit } from "./deadline.ts";

const never = new AbortController().signal;
const forever = () => new Promise<never>(() => undefined);

describe("work on a disk within a limit", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is given up when it hangs, with the reason", async () => {
    const hung = withinLimit("discard", 5_000, never, forever).catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await hung).toEqual(new HungError("the disk hangs: discard made no progress for 5 s"));
  });

  it("may take as long as it likes while it is alive", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    let alive = (): void => undefined;
    const work = withinLimit("overwrite", 5_000, never, (watch) => {
      ({ alive } = watch);
      return promise;
    });
    for (let n = 0; n < 10; n++) {
      await vi.advanceTimersByTimeAsync(4_000);
      alive();
    }
    resolve("done");
    expect(await work).toBe("done");
  });

  it("is given up when it is no longer wanted, even if it does not listen", async () => {
    const stop = new AbortController();
    const work = withinLimit("reading back", 60_000, stop.signal, forever);
    stop.abort(new Error("told to reboot"));
    await expect(work).rejects.toThrow("told to reboot");
    await expect(withinLimit("marking", 60_000, stop.signal, forever)).rejects.toThrow("told to reboot");
  });

  it("names spans as people do", () => {
    expect([5_000, 300_000, 7_200_000].map(describeSpan)).toEqual(["5 s", "5 min", "2 h"]);
  });
});
