import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EMPTY_CONTAINER, type EventContainer, type EventType, PROVISIONING_EVENTS } from "./events.ts";
import { liveliness, step } from "./rules.ts";
import { type State, STATES, transition } from "./rules-transitions.ts";

const NOW = new Date("2026-11-23T12:00:00Z");
const minutesAgo = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);

/** A machine whose newest event is `state`, heard `age` minutes ago. */
function machineIn(state: State, age = 10, flags: Partial<EventContainer> = {}): EventContainer {
  if (state === "Initial") return { ...EMPTY_CONTAINER, ...flags };
  const event = { time: minutesAgo(age), event: state, message: "" };
  return { ...EMPTY_CONTAINER, events: [event], lastEventTime: event.time, ...flags };
}

const send = (container: EventContainer, event: EventType, message = "") => step(container, { event, message }, NOW);

/** What a reader of the reference's chapter 4.5 expects, said in prose order instead of as a table. */
function expected(state: State, event: EventType, age: number): string {
  const soon = state !== "Initial" && age < 5;
  const provisioning: State[] = [
    "PXE Booting",
    "Preparing",
    "Registering",
    "Waiting",
    "Installing",
    "Booting New Kernel",
  ];
  const ended: State[] = ["Planned Reboot", "Machine Reclaim", "Crashed"];
  if (event === "Planned Reboot" || event === "Machine Reclaim") return "append cl=0";
  if (event === "Alive") return state === "Initial" || provisioning.includes(state) ? "touch" : "error unlisted";
  if (event === "Crashed")
    return state === "Initial" || provisioning.includes(state) ? "append cl=1 err" : "error append";
  if (event === "Phoned Home") {
    if (state === "Initial" || state === "Booting New Kernel" || state === "Planned Reboot") return "append cl=0";
    if (state === "Phoned Home") return "touch";
    if (state === "Machine Reclaim") return soon ? "dropped" : "touch fr=1";
    if (state === "PXE Booting") return soon ? "dropped" : "touch fr=0";
    if (state === "Preparing") return soon ? "dropped" : "append fr=0";
    if (state === "Registering" || state === "Waiting") return soon ? "dropped" : "append";
    return "error append";
  }
  if (event === "PXE Booting" || event === "Preparing") {
    if (state === "PXE Booting") return event === "PXE Booting" ? "touch fr=0" : "append fr=0";
    return state === "Initial" || ended.includes(state) ? "append fr=0" : "error append cl=1";
  }
  const good: Partial<Record<EventType, State[]>> = {
    Registering: ["Initial", "Preparing"],
    Waiting: ["Initial", "Registering"],
    Installing: ["Initial", "Registering", "Waiting"],
    "Booting New Kernel": ["Initial", "Installing"],
  };
  return good[event]!.includes(state) ? "append" : "error append";
}

/** The same words, read from what `step` really did. */
function observed(before: EventContainer, after: EventContainer): string {
  if (after === before) return "dropped";
  const error = after.lastErrorEvent !== before.lastErrorEvent;
  const marked = after.lastErrorEvent?.message.startsWith("[unexpectedly received") === true;
  const listed = after.events !== before.events;
  return [
    error && marked ? "error" : "",
    listed ? "append" : error ? "unlisted" : "touch",
    after.failedMachineReclaim === before.failedMachineReclaim ? "" : `fr=${Number(after.failedMachineReclaim)}`,
    after.crashLoop === before.crashLoop ? "" : `cl=${Number(after.crashLoop)}`,
    error && !marked ? "err" : "",
  ]
    .filter(Boolean)
    .join(" ");
}

/** The same expectation when the flag already has the value that the cell gives it. */
const withoutFlag = (text: string, flag: string) => text.replace(new RegExp(` ${flag}=\\d`), "");

describe("the transition table", () => {
  it("answers every event in every state", () => {
    for (const state of STATES)
      for (const event of PROVISIONING_EVENTS) expect(transition(state, event), `${state} / ${event}`).toBeDefined();
  });

  for (const state of STATES)
    it.each(PROVISIONING_EVENTS)(`in state ${state}: %s`, (event) => {
      for (const age of [4, 10])
        for (const crashLoop of [false, true])
          for (const failedMachineReclaim of [false, true]) {
            const before = machineIn(state, age, { crashLoop, failedMachineReclaim });
            let wish = expected(state, event, age);
            if (wish.includes(`cl=${Number(crashLoop)}`)) wish = withoutFlag(wish, "cl");
            if (wish.includes(`fr=${Number(failedMachineReclaim)}`)) wish = withoutFlag(wish, "fr");
            const after = send(before, event);
            expect(observed(before, after)).toBe(wish);
            if (after !== before) expect(after.lastEventTime).toEqual(NOW);
          }
    });
});

describe("a machine's log", () => {
  it("begins with the first event", () => {
    const after = send(EMPTY_CONTAINER, "PXE Booting", "machine sent extended dhcp request");
    expect(after.events).toEqual([{ time: NOW, event: "PXE Booting", message: "machine sent extended dhcp request" }]);
  });

  it("keeps no signs of life, only their time", () => {
    const after = send(EMPTY_CONTAINER, "Alive");
    expect(after.events).toEqual([]);
    expect(after.lastEventTime).toEqual(NOW);
  });

  it("calls a machine that starts over a crash loop", () => {
    const after = send(machineIn("Registering"), "Preparing");
    expect(after.crashLoop).toBe(true);
    expect(after.lastErrorEvent?.message).toBe("[unexpectedly received in state registering]");
    expect(after.events[0]).toBe(after.lastErrorEvent);
  });

  it("keeps the crash loop over the reboot that follows a crash", () => {
    const crashed = send(machineIn("Installing"), "Crashed", "no disk");
    expect(crashed).toMatchObject({ crashLoop: true, lastErrorEvent: { event: "Crashed", message: "no disk" } });
    expect(send(crashed, "PXE Booting").crashLoop).toBe(true);
  });

  it("notes an unexpected sign of life without listing it", () => {
    const after = send(machineIn("Phoned Home"), "Alive", "sending alive");
    expect(after.events).toHaveLength(1);
    expect(after.lastErrorEvent?.message).toBe("[unexpectedly received in state phoned home]: sending alive");
  });

  it("names a crashed machine's state crashing", () => {
    expect(send(machineIn("Crashed"), "Waiting").events[0]?.message).toBe("[unexpectedly received in state crashing]");
  });

  it("drops what leaves report late after a reclaim, and blames the machine only after five minutes", () => {
    const fresh = machineIn("Machine Reclaim", 4);
    expect(send(fresh, "Phoned Home")).toBe(fresh);
    expect(send(machineIn("Machine Reclaim", 5), "Phoned Home").failedMachineReclaim).toBe(false);
    const late = send(machineIn("Machine Reclaim", 10), "Phoned Home");
    expect(late).toMatchObject({ failedMachineReclaim: true, lastEventTime: NOW });
    expect(late.events).toHaveLength(1);
  });

  it("treats exactly five minutes as over for buffered events", () => {
    expect(send(machineIn("Waiting", 5), "Phoned Home").events).toHaveLength(2);
  });

  it("handles a log whose last time is unknown as the original does", () => {
    const forgetful = (state: State) => ({ ...machineIn(state), lastEventTime: null });
    expect(send(forgetful("Waiting"), "Phoned Home").events).toHaveLength(2);
    const reclaimed = forgetful("Machine Reclaim");
    expect(send(reclaimed, "Phoned Home")).toBe(reclaimed);
  });

  it("never grows without bound, never runs backwards, never throws", () => {
    const events = fc.array(
      fc.record({
        event: fc.constantFrom(...PROVISIONING_EVENTS),
        message: fc.string({ maxLength: 20 }),
        at: fc.integer({ min: -600_000, max: 600_000 }),
      }),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(events, (sent) => {
        let container: EventContainer = EMPTY_CONTAINER;
        let clock = NOW.getTime();
        for (const { at, ...event } of sent) {
          clock += at;
          container = step(container, event, new Date(clock));
        }
        expect(container.events.length).toBeLessThanOrEqual(100);
        const times = container.events.map((event) => event.time.getTime());
        expect(times).toEqual([...times].sort((a, b) => b - a));
        if (times.length > 0) expect(container.lastEventTime!.getTime()).toBeGreaterThanOrEqual(times[0]!);
      }),
      { numRuns: 50 },
    );
  });
});

describe("liveliness", () => {
  it.each([
    [undefined, false, ""],
    [null, false, ""],
    [0, false, "Alive"],
    [5, true, "Alive"],
    [5.01, false, "Dead"],
    [5.01, true, "Unknown"],
  ] as const)("heard %s minutes ago, allocated %s: %s", (age, allocated, wish) => {
    const container = age === undefined ? undefined : { lastEventTime: age === null ? null : minutesAgo(age) };
    expect(liveliness(container, allocated, NOW)).toBe(wish);
  });
});
