import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Watchdog } from "./watchdog.ts";

const TICK_MS = 5;

function device() {
  const state = { fed: 0, disarmed: false };
  return { state, feed: () => void (state.fed += 1), disarm: () => void (state.disarmed = true) };
}

describe("the watchdog", () => {
  it("is fed while a phase keeps to its limit, and while the machine only waits", async () => {
    const dog = device();
    const watchdog = new Watchdog([dog], () => expect.unreachable(), TICK_MS);
    watchdog.phase("waiting", Infinity);
    while (dog.state.fed < 4) await sleep(TICK_MS);
    watchdog.disarm();
    expect(dog.state.disarmed).toBe(true);
    const { fed } = dog.state;
    await sleep(4 * TICK_MS);
    expect(dog.state.fed).toBe(fed);
  });

  it("starves when a phase makes no progress, and says so once", async () => {
    const dog = device();
    const overruns: string[] = [];
    const watchdog = new Watchdog([dog], (message) => overruns.push(message), TICK_MS);
    watchdog.phase("installing", 0);
    while (overruns.length === 0) await sleep(TICK_MS);
    const { fed } = dog.state;
    watchdog.progress();
    await sleep(4 * TICK_MS);
    expect(overruns).toEqual(["installing: no progress for 0 s"]);
    expect(dog.state.fed).toBe(fed);
    watchdog.disarm();
  });
});
