// When a silent machine is booted again, and when nobody touches it.
import { describe, expect, it } from "vitest";
import type { EventType } from "../provisioning/events.ts";
import { MAX_RESCUES, type RescueFacts, type RescueOrder, rescuePlan } from "./rules.ts";

const NOW = new Date("2026-11-23T12:00:00Z");
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);
const order = (command: string, created: number, done: number | null = created, error: string | null = null) =>
  ({ command, created: ago(created), done: done === null ? null : ago(done), error }) satisfies RescueOrder;
const plan = (different: Partial<RescueFacts>) =>
  rescuePlan({
    free: false,
    silentToo: 0,
    speaking: 0,
    heard: ago(30),
    newestEvent: "Installing",
    locked: false,
    reinstall: false,
    orders: [],
    commanded: false,
    ...different,
  });

describe("a machine that nobody has", () => {
  it.each<[number, number]>([
    [0, 0],
    [1, 0],
    [3, 3],
  ])("is booted again when it is silent, though %i more fell silent and %i speak", (silentToo, speaking) =>
    expect(plan({ free: true, newestEvent: "Waiting", silentToo, speaking })).toMatchObject({ kind: "boot device" }),
  );
});

describe("a machine that is to be installed", () => {
  it("is told to boot from the network after 20 minutes of silence, and power-cycled 2 minutes after its BMC's yes", () => {
    expect(plan({})).toEqual({ kind: "boot device", at: ago(10), reset: 1 });
    expect(plan({ orders: [order("PXE", 10, null)] })).toEqual({ kind: "answer", reset: 1 });
    expect(plan({ orders: [order("PXE", 10, 9)] })).toEqual({ kind: "power cycle", at: ago(7), reset: 1 });
  });

  it("is left alone when it speaks before the power cycle: only the partition was away", () =>
    expect(plan({ heard: ago(1), orders: [order("PXE", 10)] })).toMatchObject({ kind: "boot device", at: ago(-29) }));

  it("is tried with growing pauses, also when its BMC refuses, and then no more", () => {
    const refused = (count: number) => Array.from({ length: count }, (_, at) => order("PXE", at, at, "no answer"));
    const pauses = Array.from({ length: MAX_RESCUES + 1 }, (_, count) =>
      plan({ heard: ago(0), orders: refused(count) }),
    );
    expect(pauses).toEqual([
      { kind: "boot device", at: ago(-20), reset: 1 },
      { kind: "boot device", at: ago(-30), reset: 2 },
      { kind: "boot device", at: ago(-50), reset: 3 },
      { kind: "boot device", at: ago(-80), reset: 4 },
      { kind: "gave up", resets: 4 },
    ]);
  });

  it.each<[Partial<RescueFacts>, string]>([
    [{ locked: true }, "it is locked"],
    [{ commanded: true }, "somebody switched it off or chose what it boots"],
    [{ newestEvent: "Phoned Home" }, "its last event is Phoned Home"],
    [{ newestEvent: "Planned Reboot", reinstall: true }, "its last event is Planned Reboot"],
    [{ free: true, newestEvent: undefined }, "it never booted"],
    [
      { free: true, newestEvent: "Waiting", silentToo: 3, speaking: 2 },
      "3 other free machines of its partition fell silent with it: look at the partition first",
    ],
  ])("is not touched: %j", (different, because) => expect(plan(different)).toEqual({ kind: "hands off", because }));

  it.each<EventType | undefined>([undefined, "PXE Booting", "Registering", "Waiting", "Crashed", "Planned Reboot"])(
    "is touched when its last event is %s",
    (newestEvent) => expect(plan({ newestEvent })).toMatchObject({ kind: "boot device" }),
  );
});
