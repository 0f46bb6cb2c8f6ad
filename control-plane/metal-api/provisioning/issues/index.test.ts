import { describe, expect, it } from "vitest";
import { EMPTY_CONTAINER, type EventContainer, type EventType } from "../events.ts";
import { evaluateIssues, ISSUES, type IssueSubject } from "./index.ts";

const NOW = new Date("2026-11-23T12:00:00Z");
const minutesAgo = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);

function log(newest: EventType, more: Partial<EventContainer> = {}): EventContainer {
  const event = { time: NOW, event: newest, message: "" };
  return { ...EMPTY_CONTAINER, events: [event], lastEventTime: NOW, ...more };
}

/** A machine nothing is wrong with; a test says what is different. */
function machine(id: string, different: Partial<IssueSubject> = {}): IssueSubject {
  return {
    id,
    partitionId: "fra",
    liveliness: "Alive",
    container: log("Waiting"),
    allocation: null,
    bmc: { address: `${id}:623`, mac: "aa:bb:cc:00:00:01", lastUpdated: minutesAgo(4) },
    disks: "erased",
    disksReason: "",
    release: null,
    eraseProven: true,
    switches: [],
    ...different,
  };
}

const bmc = (different: Partial<IssueSubject["bmc"]>) => ({ bmc: { ...machine("m1").bmc, ...different } });
const firewall = (...asns: number[]) => ({ allocation: { role: "firewall" as const, asns } });
const release = (attempts: number) => ({
  release: { phase: "boot", reason: "", attempts, lastError: "no answer", created: minutesAgo(61) },
});

const CASES: [string, string | undefined, Partial<IssueSubject>, string?][] = [
  ["nothing is wrong", undefined, {}],
  ["no partition", "no-partition", { partitionId: "" }],
  ["dead", "liveliness-dead", { liveliness: "Dead" }],
  ["silent while allocated", "liveliness-unknown", { liveliness: "Unknown" }],
  ["never heard", "liveliness-not-available", { liveliness: "" }],
  ["reclaim failed", "failed-machine-reclaim", { container: log("Machine Reclaim", { failedMachineReclaim: true }) }],
  ["phones home unallocated", "failed-machine-reclaim", { container: log("Phoned Home") }],
  ["phones home allocated", undefined, { container: log("Phoned Home"), allocation: { role: "machine", asns: [1] } }],
  ["crash loop", "crashloop", { container: log("Preparing", { crashLoop: true }) }],
  ["crash loop, but waiting", undefined, { container: log("Waiting", { crashLoop: true }) }],
  [
    "an error lately",
    "last-event-error",
    { container: log("Waiting", { lastErrorEvent: { time: minutesAgo(61), event: "Crashed", message: "" } }) },
    "occurred 1h1m0s ago",
  ],
  [
    "an error long ago",
    undefined,
    { container: log("Waiting", { lastErrorEvent: { time: minutesAgo(8 * 1440), event: "Crashed", message: "" } }) },
  ],
  ["BMC without MAC", "bmc-without-mac", bmc({ mac: "" })],
  ["BMC without address", "bmc-without-ip", bmc({ address: "" })],
  ["BMC never reported", "bmc-info-outdated", bmc({ lastUpdated: null }), "machine ipmi has never been set"],
  ["BMC silent", "bmc-info-outdated", bmc({ lastUpdated: minutesAgo(21) }), "last updated 21m0s ago"],
  [
    "a BMC that keeps its password",
    "bmc-password-not-rotated",
    bmc({
      rotation: { reason: "the machine was given back", attempts: 2, lastError: "no answer", since: minutesAgo(61) },
    }),
    "the machine was given back; tried 2 times in 1h1m0s, last error: no answer",
  ],
  ["quarantined", "quarantined", { disks: "quarantined", disksReason: "/dev/sda failed" }, "/dev/sda failed"],
  ["release under way", undefined, { disks: "erasing", ...release(2) }],
  [
    "release stuck",
    "release-stuck",
    { disks: "erasing", ...release(3) },
    "in phase boot after 3 attempts, begun 1h1m0s ago, last error: no answer",
  ],
  ["offered unproven", "erase-unproven", { eraseProven: false, disksReason: "let go by ann" }, "let go by ann"],
  [
    "leaf fails",
    "switch-sync-failing",
    {
      switches: [
        { id: "leaf01", lastSync: minutesAgo(1), lastSyncError: { time: minutesAgo(2), error: "old" } },
        { id: "leaf02", lastSync: minutesAgo(2), lastSyncError: { time: minutesAgo(1), error: "frr-reload" } },
      ],
    },
    "leaf02: frr-reload",
  ],
  ["no log at all", "no-event-container", { container: undefined, partitionId: "", liveliness: "" }],
];

describe("issues", () => {
  it.each(CASES)("%s: %s", (_, id, different, details = "") => {
    const found = evaluateIssues([machine("m1", different)], {}, NOW).get("m1") ?? [];
    expect(found.map((issue) => [issue.id, issue.details])).toEqual(id ? [[id, details]] : []);
  });

  it("compare machines with one another", () => {
    const found = evaluateIssues(
      [
        machine("m1", { ...bmc({ address: "10.0.0.1:623" }), ...firewall(4_210_000_001, 4_210_000_002) }),
        machine("m2", { ...bmc({ address: "10.0.0.1:623" }), ...firewall(4_210_000_001) }),
        machine("m3", { allocation: { role: "machine", asns: [4_210_000_001] } }),
      ],
      {},
      NOW,
    );
    expect(found.get("m1")).toEqual([
      {
        id: "asn-not-unique",
        severity: "minor",
        description: "The ASN is not unique (only impact on firewalls)",
        details: "- ASN (4210000001) not unique, shared with [m2]",
      },
      {
        id: "bmc-no-distinct-ip",
        severity: "major",
        description: "BMC IP address is not distinct",
        details: "BMC IP (10.0.0.1:623) not unique, shared with [m2]",
      },
    ]);
    expect(found.get("m2")).toHaveLength(2);
    expect(found.has("m3")).toBe(false);
  });

  it("are filtered: omit beats only, and lesser severities are left out", () => {
    const ill = machine("m1", {
      partitionId: "",
      liveliness: "Dead",
      ...bmc({ mac: "" }),
      container: log("Phoned Home"),
    });
    const ids = (query: Parameters<typeof evaluateIssues>[1]) =>
      evaluateIssues([ill], query, NOW)
        .get("m1")
        ?.map((issue) => issue.id);
    expect(ids({ only: ["no-partition", "liveliness-dead"], omit: ["no-partition"] })).toEqual(["liveliness-dead"]);
    expect(ids({ severity: "critical" })).toEqual(["failed-machine-reclaim"]);
    expect(ids({ omit: ISSUES.map((rule) => rule.id) })).toBeUndefined();
  });
});
