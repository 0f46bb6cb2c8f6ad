import { describe, expect, it } from "vitest";
import type { DiskErase } from "../database/documents.ts";
import { decide, eraseBudgetMs, MAX_ATTEMPTS, type ReleaseFacts } from "./rules.ts";
import { judgeErase, SAMPLE_SECTORS } from "./rules-verdict.ts";

const NOW = new Date("2026-11-23T12:00:00Z");
const inMinutes = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000);

/** A machine that was reset once, a minute ago. */
function release(different: Partial<ReleaseFacts>): ReleaseFacts {
  const since = inMinutes(-1);
  return { phase: "boot", attempts: 1, deadline: inMinutes(9), nextTry: null, heard: null, since, ...different };
}

describe("a release", () => {
  it.each([
    ["waits for the boot", {}, "nothing"],
    ["misses it", { deadline: NOW }, "retry later"],
    ["pauses", { deadline: NOW, nextTry: inMinutes(1) }, "nothing"],
    ["resets again after the pause", { nextTry: NOW }, "reset"],
    ["waits for the erase", { phase: "erase", deadline: inMinutes(60) }, "nothing"],
    [
      "waits while progress is told",
      { phase: "erase", since: inMinutes(-50), heard: inMinutes(-9), deadline: inMinutes(9) },
      "nothing",
    ],
    [
      "misses a silent machine",
      { phase: "erase", since: inMinutes(-50), heard: inMinutes(-11), deadline: inMinutes(9) },
      "retry later",
    ],
    [
      "is patient with one that just began",
      { phase: "erase", heard: inMinutes(-60), deadline: inMinutes(9) },
      "nothing",
    ],
    ["ends an erase without end", { phase: "erase", heard: NOW, deadline: NOW }, "retry later"],
    ["is over", { phase: "done", deadline: inMinutes(-60) }, "nothing"],
    ["is held back", { phase: "quarantined", deadline: inMinutes(-60) }, "nothing"],
  ] as const)("%s", (_, different, action) => expect(decide(release(different), NOW).action).toBe(action));

  it("pauses longer after every failure, and gives up at last", () => {
    const pauses = Array.from({ length: MAX_ATTEMPTS }, (_, index) => {
      const decision = decide(release({ attempts: index + 1, deadline: NOW }), NOW);
      return decision.action === "retry later" && decision.nextTry && decision.nextTry.getTime() - NOW.getTime();
    });
    expect(pauses.map((pause) => pause && pause / 60_000)).toEqual([0, 1, 5, 15, 30, 60, 120, null]);
  });

  it("gives big disks more time", () => {
    expect(eraseBudgetMs(null)).toBe(600_000);
    expect(
      eraseBudgetMs({
        disks: [
          { name: "/dev/sda", size: 10e12 },
          { name: "/dev/sdb", size: 10e12 },
        ],
      }),
    ).toBe(600_000 + 400_000_000);
  });
});

const SDA = { name: "/dev/sda", size: 1e9, serial: "S1" };

function erased(different: Partial<DiskErase> = {}): DiskErase {
  return {
    ...SDA,
    model: "",
    method: "overwrite",
    sectors_sampled: SAMPLE_SECTORS + 8192,
    sectors_not_zero: 0,
    sector_size: 512,
    verified: true,
    error: "",
    attempts: [],
    native_size: 0,
    marks_proven: 0,
    ...different,
  };
}

describe("an erase", () => {
  it.each([
    ["of everything", [SDA], [erased()]],
    ["of a machine without disks", [], []],
    ["that ignores what has no capacity", [SDA, { name: "/dev/sr0", size: 0 }], [erased()]],
    [
      "of a disk smaller than the sample",
      [{ name: "/dev/sda", size: 1e6 }],
      [erased({ serial: "", size: 1e6, sectors_sampled: 1953 })],
    ],
    ["of a disk without a serial", [{ name: "/dev/sda", size: 1e9 }], [erased({ serial: "" })]],
    ["of a disk that hid a part of itself before", [SDA], [erased({ size: 2e9 })]],
  ])("%s counts", (_, registered, reported) =>
    expect(judgeErase(registered, reported)).toEqual({ accepted: true, reason: "", disks: reported.map(() => "") }),
  );

  it.each([
    ["a disk is missing", [], "/dev/sda is not reported"],
    [
      "a disk is not known",
      [erased(), erased({ name: "/dev/sdb", serial: "S2" })],
      "/dev/sdb is a disk that the machine did not",
    ],
    ["a disk hides its serial", [erased({ serial: "" })], 'serial "", not "S1"'],
    ["another disk is in its place", [erased({ serial: "S9" })], 'serial "S9", not "S1"'],
    ["the disk shrank", [erased({ size: 5e8 })], "smaller than registered"],
    ["a part is hidden", [erased({ native_size: 2e9 })], "hides 1000000000 of its 2000000000 bytes"],
    ["it failed", [erased({ verified: false, error: "I/O error" })], "/dev/sda: I/O error"],
    ["it is not verified", [erased({ verified: false })], "not verified"],
    ["the method is unknown", [erased({ method: "prayer" })], 'unknown method "prayer"'],
    ["no method is told", [erased({ method: "" })], "unknown method"],
    ["sectors were left", [erased({ sectors_not_zero: 3 })], "3 sectors read back speak against it"],
    ["too little was read back", [erased({ sectors_sampled: 9_999 })], "only 9999 of 10000"],
    ["a disk is told twice", [erased(), erased()], "reported twice"],
    ["the sector size is a lie", [erased({ sector_size: 0 })], "no sector size"],
    ["an unregistered disk failed", [erased(), erased({ name: "/dev/sdb", error: "frozen" })], "/dev/sdb: frozen"],
  ])("does not count when %s", (_, reported, reason) => {
    const verdict = judgeErase([SDA], reported);
    expect(verdict.accepted).toBe(false);
    expect(verdict.reason).toContain(reason);
  });

  it("names every objection", () =>
    expect(judgeErase([SDA, { name: "/dev/sdb", size: 1 }], [erased({ error: "frozen" })]).reason).toBe(
      "/dev/sdb is not reported; /dev/sda: frozen",
    ));
});
