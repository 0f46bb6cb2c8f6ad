import { createLogger } from "@metal-stack/service";
import { describe, expect, it } from "vitest";
import { Metrics } from "../metrics.ts";
import { Announcements } from "./announcements.ts";

const log = createLogger("test");
log.level = "silent";

function world() {
  const calls: { uuid: string; done: () => void; fail: () => void }[] = [];
  const metrics = new Metrics();
  const announcements = new Announcements(
    (uuid) => new Promise((done, fail) => calls.push({ uuid, done, fail: () => fail(new Error("away")) })),
    log,
    metrics,
  );
  return { calls, metrics, announcements, told: () => calls.map(({ uuid }) => uuid) };
}

/** Lets settled promises run on. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("a machine that boots", () => {
  it("is told once for the DISCOVERs of firmware and iPXE, and again at its next boot", () => {
    const { announcements, told } = world();
    announcements.announce("a", 0);
    announcements.announce("a", 3_000);
    expect(told()).toEqual(["a"]);
    announcements.announce("a", 60_000);
    expect(told()).toEqual(["a", "a"]);
  });

  it("is told with its next DISCOVER when metal-api was away", async () => {
    const { announcements, calls, told } = world();
    announcements.announce("a", 0);
    calls[0]!.fail();
    await settle();
    announcements.announce("a", 10);
    expect(told()).toEqual(["a", "a"]);
  });

  it("waits while metal-api is slow, and is dropped when too many wait", async () => {
    const { announcements, calls, metrics, told } = world();
    for (let n = 0; n < 1_010; n += 1) announcements.announce(`m${n}`, 0);
    expect(told()).toEqual(["m0", "m1", "m2", "m3"]);
    expect(metrics.render()).toContain('pixiecore_announcements_total{result="dropped"} 6');
    calls[1]!.done();
    await settle();
    expect(told()).toHaveLength(5);
  });
});
