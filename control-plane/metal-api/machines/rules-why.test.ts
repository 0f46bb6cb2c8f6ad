// What operators read when they ask why, state by state.
import { describe, expect, it } from "vitest";
import type { DisksState, ReleasePhase } from "../database/schema.ts";
import { EMPTY_CONTAINER, type EventContainer, type EventType } from "../provisioning/events.ts";
import { liveliness } from "../provisioning/rules.ts";
import { why } from "./rules-why.ts";
import type { BmcCommandFact, WhyFacts } from "./rules-why-facts.ts";
import { STATES } from "./rules-why-states.ts";

const NOW = new Date("2026-11-23T12:00:00Z");
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);

/** A machine that waits, heard a minute ago. */
function facts(different: Partial<WhyFacts> & { event?: EventType; heard?: number } = {}): WhyFacts {
  const { event = "Waiting", heard = 1, ...more } = different;
  const container: EventContainer = {
    ...EMPTY_CONTAINER,
    events: [{ time: ago(heard), event, message: "" }],
    lastEventTime: ago(heard),
  };
  const made: WhyFacts = {
    id: "m-1",
    created: ago(10_000),
    partitionId: "fra",
    registered: true,
    state: { value: "", description: "", issuer: "" },
    disks: { state: "erased", reason: "", since: ago(60) },
    waitingUntil: ago(-0.5),
    liveliness: "Alive",
    container,
    reservedFor: null,
    allocation: null,
    rescue: null,
    release: null,
    bmc: { address: "10.0.0.1:623", lastUpdated: ago(2), rotation: null },
    switches: [{ id: "leaf01", behind: false, lastError: "" }],
    commands: [],
    ...more,
  };
  return { ...made, liveliness: liveliness(made.container, made.allocation !== null, NOW) };
}

const disks = (state: DisksState, reason = "") => ({ disks: { state, reason, since: ago(60) }, waitingUntil: null });
const released = (different: Partial<NonNullable<WhyFacts["release"]>>) => ({
  ...disks("erasing"),
  release: {
    phase: "boot" as ReleasePhase,
    reason: "",
    attempts: 1,
    lastError: "",
    since: ago(3),
    deadline: ago(-7),
    nextTry: null,
    progress: {},
    ...different,
  },
});
const allocated = (different: Partial<NonNullable<WhyFacts["allocation"]>> = {}) => ({
  ...disks("in-use"),
  allocation: {
    projectId: "p1",
    imageId: "debian-12",
    created: ago(120),
    installed: null,
    succeeded: false,
    reinstall: false,
    ...different,
  },
});
const command = (different: Partial<BmcCommandFact>): BmcCommandFact => ({
  command: "RESET",
  created: ago(3),
  sent: null,
  done: null,
  error: null,
  ...different,
});
const crashed = (event: EventType, message: string): Partial<WhyFacts> => ({
  container: {
    ...EMPTY_CONTAINER,
    events: [{ time: ago(1), event, message: "" }],
    lastEventTime: ago(1),
    lastErrorEvent: { time: ago(2), event, message },
    crashLoop: true,
  },
});

const CASES: readonly [state: string, facts: WhyFacts, doing: string, since: number, deadline: number][] = [
  [
    "quarantined",
    facts(disks("quarantined", "/dev/sda: write error")),
    "quarantined: /dev/sda: write error",
    60,
    60 - 1440,
  ],
  [
    "release-without-bmc",
    facts({
      ...released({ phase: "reset", deadline: null, nextTry: ago(-1) }),
      bmc: { address: "", lastUpdated: null, rotation: null },
    }),
    "being taken back, but no BMC is known that could reset it",
    3,
    3 - 1440,
  ],
  [
    "release-given-up",
    facts(released({ attempts: 8, deadline: null, lastError: "reset 8: the machine did not boot" })),
    "given up: 8 of 8 resets did not bring it into the discovery image (reset 8: the machine did not boot)",
    3,
    3 - 1440,
  ],
  [
    "release-paused",
    facts(released({ attempts: 2, deadline: null, nextTry: ago(-5), lastError: "reset 2: BMC RESET: timeout" })),
    "being taken back: reset 2 of 8 failed (reset 2: BMC RESET: timeout)",
    3,
    -5,
  ],
  [
    "erase-silent",
    facts({ ...released({ phase: "erase", since: ago(30), deadline: ago(-300) }), heard: 8 }),
    "being erased, but it has fallen silent",
    8,
    -2,
  ],
  [
    "erasing",
    facts(
      released({
        phase: "erase",
        deadline: ago(-300),
        progress: {
          "/dev/sda": { fraction: 1, message: "discard: reading back" },
          "/dev/sdb": { fraction: 0.409, message: "overwrite" },
          "/dev/sdc": { fraction: 0.5, message: "" },
          "/dev/sdd": { fraction: 1, message: "" },
        },
      }),
    ),
    "being erased: /dev/sdb 40 % (overwrite), /dev/sdc 50 %, /dev/sda 100 % (discard: reading back) and 1 more",
    3,
    -300,
  ],
  [
    "release-booting",
    facts({ ...released({}), event: "PXE Booting" }),
    "being taken back: it boots the discovery image (PXE Booting)",
    1,
    -7,
  ],
  [
    "release-bmc",
    facts({ ...released({}), heard: 60, commands: [command({ sent: ago(2) })] }),
    "being taken back: the BMC has not answered command RESET yet",
    3,
    -7,
  ],
  [
    "release-reset",
    facts({ ...released({}), heard: 60, commands: [command({ sent: ago(2), done: ago(2) })] }),
    "being taken back: reset 1 of 8 is done, it has not asked to boot from the network yet",
    3,
    -7,
  ],
  [
    "reinstall-unanswered",
    facts({
      ...allocated({ installed: ago(3000), succeeded: true, reinstall: true }),
      container: {
        ...EMPTY_CONTAINER,
        events: [{ time: ago(12), event: "PXE Booting", message: "" }],
        lastEventTime: ago(1),
        crashLoop: true,
      },
    }),
    "to be reinstalled with debian-12 for project p1, but nobody answered when it booted from the network: it runs its old system",
    12,
    1 - 10,
  ],
  [
    "install-failed",
    facts({ ...allocated(), ...crashed("Crashed", "image: 404") }),
    "allocated to project p1, but its installation fails (image: 404)",
    2,
    1 - 40,
  ],
  [
    "reinstall-next",
    facts({
      ...allocated({ installed: ago(3000), succeeded: true, reinstall: true }),
      event: "Planned Reboot",
      heard: 3,
      commands: [command({ command: "REINSTALL", done: ago(2), error: "no answer" })],
    }),
    "to be reinstalled with debian-12 for project p1, has not booted yet (BMC command REINSTALL failed: no answer)",
    3,
    3 - 10,
  ],
  [
    "install-silent",
    facts({ ...allocated(), heard: 90 }),
    "allocated to project p1, to be installed with debian-12, but silent",
    90,
    90 - 1440,
  ],
  [
    "installing",
    facts({ ...allocated(), event: "Installing", heard: 2 }),
    "being installed with debian-12 for project p1",
    2,
    2 - 40,
  ],
  ["install-next", facts(allocated()), "allocated to project p1, about to be installed with debian-12", 120, 1 - 5],
  [
    "never-phoned-home",
    facts({ ...allocated({ installed: ago(11) }), event: "Booting New Kernel", heard: 11 }),
    "installed for project p1, but no switch has heard its operating system",
    11,
    11 - 1440,
  ],
  [
    "starting",
    facts({
      ...allocated({ installed: ago(1) }),
      event: "Booting New Kernel",
      switches: [{ id: "leaf01", behind: true, lastError: "" }],
    }),
    "installed, starting the operating system of project p1; switch leaf01 has not put its port into the tenant's network yet",
    1,
    -9,
  ],
  [
    "in-use-crashing",
    facts({
      ...allocated({ installed: ago(100), succeeded: true }),
      ...crashed("Preparing", "[unexpectedly received in state phoned home]"),
    }),
    "in use by project p1, but it restarts out of turn",
    2,
    1 - 1440,
  ],
  [
    "in-use-silent",
    facts({ ...allocated({ installed: ago(100), succeeded: true }), event: "Phoned Home", heard: 7 }),
    "in use by project p1, but the switches no longer hear it",
    7,
    7 - 1440,
  ],
  [
    "in-use",
    facts({ ...allocated({ installed: ago(100), succeeded: true }), event: "Phoned Home" }),
    "in use by project p1",
    100,
    1 - 5,
  ],
  [
    "reclaim-failed",
    facts({ container: { ...EMPTY_CONTAINER, lastEventTime: ago(1), failedMachineReclaim: true } }),
    "nobody's, but the system of its last tenant still runs and phones home",
    1,
    1 - 1440,
  ],
  [
    "never-booted",
    facts({ ...disks("unknown"), registered: false, container: undefined, created: ago(9) }),
    "known only by its BMC: it never booted the discovery image",
    9,
    9 - 1440,
  ],
  [
    "crash-loop",
    facts({ ...disks("unknown"), ...crashed("Preparing", "out of memory") }),
    "in a crash loop: it starts again and again and gets no further than Preparing (out of memory)",
    2,
    2 - 1440,
  ],
  ["dead", facts({ heard: 6 }), "nobody's, and silent: switched off, or stuck (last event: Waiting)", 6, 6 - 1440],
  [
    "booting",
    facts({ ...disks("unknown"), event: "PXE Booting" }),
    "booting the discovery image (PXE Booting)",
    1,
    1 - 10,
  ],
  [
    "registering",
    facts({ ...disks("unknown"), event: "Registering" }),
    "registering: its hammer tells what it is made of and what it is plugged into (Registering)",
    1,
    1 - 10,
  ],
  [
    "unproven",
    facts(disks("unknown", "never proven erased")),
    "not proven erased yet (never proven erased)",
    60,
    1 - 5,
  ],
  [
    "not-waiting",
    facts({ waitingUntil: ago(1) }),
    "erased and alive, but its hammer does not ask for instructions (last event: Waiting)",
    1,
    1 - 5,
  ],
  [
    "kept",
    facts({ state: { value: "TAINTED", description: "new RAM", issuer: "ann" } }),
    "waiting, but reserved by ann: new RAM",
    60,
    1 - 5,
  ],
  [
    "reserved-for-projects",
    facts({ reservedFor: "1 machine waits and is reserved: 2 for project p2" }),
    "waiting for an allocation by a project with a reservation of its size: 1 machine waits and is reserved: 2 for project p2",
    60,
    1 - 5,
  ],
  ["waiting", facts(), "waiting for an allocation", 60, 1 - 5],
];

describe("why", () => {
  it.each<[WhyFacts["rescue"], string, number]>([
    [
      { kind: "boot device", at: ago(-14), reset: 1 },
      "reset 1 of 4: its BMC boots it from the network, if it is silent until then; if it boots from the network it waits again",
      -14,
    ],
    [
      {
        kind: "hands off",
        because: "3 other free machines of its partition fell silent with it: look at the partition first",
      },
      "nothing by itself, because 3 other free machines of its partition fell silent with it: look at the partition first; if it boots from the network it waits again",
      6 - 1440,
    ],
    [
      { kind: "gave up", resets: 4 },
      "nothing by itself: 4 resets did not help; if it boots from the network it waits again",
      6 - 1440,
    ],
  ])("a silent machine that nobody has is told what comes: %j", (plan, next, deadline) =>
    expect(why(facts({ heard: 6, rescue: plan }), NOW)).toMatchObject({ state: "dead", next, deadline: ago(deadline) }),
  );

  it.each(CASES)("a machine is %s", (state, known, doing, since, deadline) => {
    const answer = why(known, NOW);
    expect(answer).toMatchObject({ state, doing, since: ago(since), deadline: ago(deadline) });
  });

  it("is answered for every state of the table", () =>
    expect(CASES.map(([state]) => state)).toEqual(STATES.map(({ name }) => name)));

  it.each([
    [
      "was not taken by metal-bmc",
      command({}),
      "BMC command RESET waits: no metal-bmc of partition fra has taken it yet",
    ],
    ["failed", command({ done: ago(1), error: "wrong password" }), "BMC command RESET failed: wrong password"],
  ])("names a BMC command that %s", (_, given, text) => {
    expect(why(facts({ ...released({}), heard: 60, commands: [given] }), NOW).doing).toBe(`being taken back: ${text}`);
    expect(why(facts({ commands: [given] }), NOW).also).toEqual([text]);
  });

  it.each<[WhyFacts["rescue"], string, number]>([
    [
      { kind: "boot device", at: ago(-10), reset: 1 },
      "reset 1 of 4: its BMC boots it from the network, if it is silent until then",
      -10,
    ],
    [
      { kind: "power cycle", at: ago(5), reset: 2 },
      "reset 2 of 4: its BMC power-cycles it as soon as metal-bmc is connected",
      10 - 24 * 60,
    ],
    [{ kind: "gave up", resets: 4 }, "nothing by itself: 4 resets did not help", 10 - 24 * 60],
    [
      { kind: "hands off", because: "its last event is Phoned Home" },
      "nothing by itself, because its last event is Phoned Home",
      10 - 24 * 60,
    ],
  ])("tells what is done about a silent installation: %j", (rescue, text, deadline) => {
    const answer = why(facts({ ...allocated(), event: "Installing", heard: 10, rescue }), NOW);
    expect(answer).toMatchObject({
      state: "install-silent",
      next: `${text}; if it boots from the network it is installed`,
      deadline: ago(deadline),
    });
  });

  it.each([
    ["LOCKED", "locked by ann: evidence"],
    ["TAINTED", "reserved by ann: evidence"],
  ] as const)("says of a machine in use that it is %s", (value, text) => {
    const state = { value, description: "evidence", issuer: "ann" };
    expect(why(facts({ ...allocated(), state }), NOW).also).toContain(text);
  });

  it("forgets commands that were superseded, and lamps", () => {
    const commands = [command({ command: "LED-ON" }), command({ done: ago(1), error: "superseded by release" })];
    expect(why(facts({ commands }), NOW).also).toEqual([]);
  });

  it("tells beside it what else ails the machine, once", () => {
    const { also } = why(
      facts({
        ...crashed("Waiting", "it was a bad morning"),
        waitingUntil: null,
        bmc: {
          address: "10.0.0.1:623",
          lastUpdated: ago(30),
          rotation: { since: ago(30), attempts: 2, lastError: "no answer" },
        },
        switches: [{ id: "leaf01", behind: true, lastError: "FRR does not reload" }],
        state: { value: "LOCKED", description: "evidence", issuer: "ann" },
        disks: { state: "erased", reason: "let go without proof by bob: scrap", since: ago(60) },
      }),
      NOW,
    );
    expect(also).toEqual([
      `its BMC 10.0.0.1:623 was last heard ${ago(30).toISOString()}`,
      `its BMC password could not be changed since ${ago(30).toISOString()}, 2 attempts: no answer`,
      "it crashed before (it was a bad morning)",
      "switch leaf01: FRR does not reload",
      "locked by ann: evidence",
      "let go without proof by bob: scrap",
    ]);
  });
});
