// No state without an answer, whatever comes together.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { DisksState, ReleasePhase } from "../database/schema.ts";
import { PROVISIONING_EVENTS } from "../provisioning/events.ts";
import { why } from "./rules-why.ts";
import type { WhyFacts } from "./rules-why-facts.ts";
import { STATES } from "./rules-why-states.ts";

const NOW = new Date("2026-11-23T12:00:00Z");
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);

const time = fc.date({ min: ago(10_000), max: ago(-100), noInvalidDate: true });
const text = fc.constantFrom("", "it broke");
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const event = fc.record({ time, event: fc.constantFrom(...PROVISIONING_EVENTS), message: text });
const anyFacts: fc.Arbitrary<WhyFacts> = fc.record({
  id: fc.constant("m-1"),
  created: time,
  partitionId: fc.constantFrom("", "fra"),
  registered: fc.boolean(),
  state: fc.record({ value: fc.constantFrom("", "TAINTED", "LOCKED"), description: text, issuer: text }),
  disks: fc.record({
    state: fc.constantFrom<DisksState>("unknown", "erasing", "erased", "in-use", "quarantined"),
    reason: text,
    since: time,
  }),
  waitingUntil: maybe(time),
  reservedFor: fc.constantFrom(null, "1 machine waits and is reserved: 1 for project p1"),
  liveliness: fc.constantFrom("Alive", "Dead", "Unknown", ""),
  container: fc.option(
    fc.record({
      events: fc.array(event, { maxLength: 2 }),
      lastEventTime: maybe(time),
      lastErrorEvent: maybe(event),
      crashLoop: fc.boolean(),
      failedMachineReclaim: fc.boolean(),
    }),
    { nil: undefined },
  ),
  allocation: maybe(
    fc.record({
      projectId: fc.constant("p1"),
      imageId: fc.constant("debian-12"),
      created: time,
      installed: maybe(time),
      succeeded: fc.boolean(),
      reinstall: fc.boolean(),
    }),
  ),
  rescue: fc.constantFrom<WhyFacts["rescue"]>(
    null,
    { kind: "boot device", at: ago(-20), reset: 1 },
    { kind: "power cycle", at: ago(5), reset: 1 },
    { kind: "answer", reset: 2 },
    { kind: "gave up", resets: 4 },
    { kind: "hands off", because: "it is locked" },
  ),
  release: maybe(
    fc.record({
      phase: fc.constantFrom<ReleasePhase>("reset", "boot", "erase", "done", "quarantined"),
      reason: text,
      attempts: fc.nat({ max: 9 }),
      lastError: text,
      since: time,
      deadline: maybe(time),
      nextTry: maybe(time),
      progress: fc.dictionary(
        fc.constantFrom("/dev/sda", "/dev/sdb"),
        fc.record({ fraction: fc.double({ min: 0, max: 1, noNaN: true }), message: text }),
      ),
    }),
  ),
  bmc: fc.record({
    address: fc.constantFrom("", "10.0.0.1:623"),
    lastUpdated: maybe(time),
    rotation: maybe(fc.record({ since: time, attempts: fc.nat(), lastError: text })),
  }),
  switches: fc.array(fc.record({ id: fc.constantFrom("leaf01", "leaf02"), behind: fc.boolean(), lastError: text }), {
    maxLength: 2,
  }),
  commands: fc.array(
    fc.record({
      command: fc.constantFrom("PXE", "RESET", "LED-ON"),
      created: time,
      sent: maybe(time),
      done: maybe(time),
      error: maybe(fc.constantFrom("", "wrong password", "superseded by release")),
    }),
    { maxLength: 3 },
  ),
});

it("always has one answer with a reason, a since, a deadline and something to do", () => {
  fc.assert(
    fc.property(anyFacts, fc.date({ min: ago(20_000), max: ago(-20_000), noInvalidDate: true }), (known, now) => {
      const { state, doing, since, deadline, next, actions } = why(known, now);
      expect(STATES.filter(({ name }) => name === state)).toHaveLength(1);
      expect(doing).not.toMatch(/^$|undefined|null|Invalid/);
      expect(next).not.toMatch(/^$|undefined|null|Invalid/);
      expect(actions.join()).not.toMatch(/^$|undefined|null|Invalid/);
      expect(deadline.getTime()).toBeGreaterThanOrEqual(since.getTime());
    }),
    { numRuns: 2000 },
  );
});
