import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Ledger } from "./ledger.ts";
import { KNOWN_COMMANDS, powerActionFor, stepsOf } from "./rules.ts";
import { Schedule } from "./schedule.ts";

describe("the vocabulary", () => {
  it("is the original's", () => {
    expect(KNOWN_COMMANDS).toEqual([
      "ON",
      "OFF",
      "RESET",
      "CYCLE",
      "BIOS",
      "DISK",
      "PXE",
      "LED-ON",
      "LED-OFF",
      "REINSTALL",
    ]);
    expect(stepsOf("REINSTALL")).toEqual([
      { do: "boot", device: "pxe" },
      { do: "power", action: "cycle" },
    ]);
    expect(stepsOf("constructor")).toBeUndefined();
  });

  it("switches on what cannot be reset", () => {
    const actions = ["on", "off", "reset", "cycle"] as const;
    expect(actions.map((action) => powerActionFor(action, false))).toEqual(["on", "off", "on", "on"]);
    expect(actions.map((action) => powerActionFor(action, true))).toEqual([...actions]);
  });
});

describe("the ledger", () => {
  it("gives each command out once, and remembers how it ended", () => {
    const ledger = new Ledger();
    expect([ledger.take("a"), ledger.take("a"), ledger.take("b")]).toEqual(["new", "running", "new"]);
    ledger.settle("a", { error: "no power", loginId: "" });
    expect(ledger.take("a")).toEqual({ error: "no power", loginId: "" });
  });

  it("forgets old results, but never a command that runs", () => {
    const ledger = new Ledger();
    ledger.take("running");
    for (let index = 0; index < 20_000; index += 1) {
      ledger.take(`c${index}`);
      ledger.settle(`c${index}`, { error: "", loginId: "l" });
    }
    expect(ledger.take("running")).toBe("running");
    expect(ledger.take("c0")).toBe("new");
    expect(ledger.take("c19999")).toEqual({ error: "", loginId: "l" });
  });
});

describe("the schedule", () => {
  it("keeps each machine's order, runs one command a machine and never more than allowed", async () => {
    const machine = fc.constantFrom("m1", "m2", "m3", "m4", "m5");
    await fc.assert(
      fc.asyncProperty(
        fc.array(machine, { maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        async (machines, limit) => {
          const schedule = new Schedule(limit);
          const running = new Set<string>();
          const done: Record<string, number[]> = {};
          const all = machines.map(
            (machine, index) =>
              new Promise<void>((resolve) =>
                schedule.add(machine, async () => {
                  expect(running.has(machine)).toBe(false);
                  running.add(machine);
                  expect(running.size).toBeLessThanOrEqual(limit);
                  await new Promise((resolve) => setImmediate(resolve));
                  running.delete(machine);
                  (done[machine] ??= []).push(index);
                  resolve();
                }),
              ),
          );
          await Promise.all(all);
          for (const order of Object.values(done)) expect(order).toEqual(order.toSorted((a, b) => a - b));
        },
      ),
      { numRuns: 50 },
    );
  });
});
