// The catalogue of issues and their evaluation. Adding an issue: one file, one line here.
import { asnNotUnique } from "./asn-not-unique.ts";
import { bmcInfoOutdated } from "./bmc-info-outdated.ts";
import { bmcNoDistinctIp } from "./bmc-no-distinct-ip.ts";
import { bmcPasswordNotRotated } from "./bmc-password-not-rotated.ts";
import { bmcWithoutIp } from "./bmc-without-ip.ts";
import { bmcWithoutMac } from "./bmc-without-mac.ts";
import { crashLoop } from "./crashloop.ts";
import { eraseUnproven } from "./erase-unproven.ts";
import { failedMachineReclaim } from "./failed-machine-reclaim.ts";
import { type IssueRule, type IssueSubject, type IssueWorld, SEVERITIES, type Severity } from "./issue.ts";
import { lastEventError } from "./last-event-error.ts";
import { livelinessDead } from "./liveliness-dead.ts";
import { livelinessNotAvailable } from "./liveliness-not-available.ts";
import { livelinessUnknown } from "./liveliness-unknown.ts";
import { noEventContainer } from "./no-event-container.ts";
import { noPartition } from "./no-partition.ts";
import { quarantined } from "./quarantined.ts";
import { releaseStuck } from "./release-stuck.ts";
import { switchSyncFailing } from "./switch-sync-failing.ts";

export * from "./issue.ts";

/** In the original's order of evaluation; ours before the one that silences all others. */
export const ISSUES: readonly IssueRule[] = [
  noPartition,
  livelinessDead,
  livelinessUnknown,
  livelinessNotAvailable,
  failedMachineReclaim,
  crashLoop,
  lastEventError,
  bmcWithoutMac,
  bmcWithoutIp,
  bmcInfoOutdated,
  asnNotUnique,
  bmcNoDistinctIp,
  quarantined,
  releaseStuck,
  eraseUnproven,
  bmcPasswordNotRotated,
  switchSyncFailing,
  noEventContainer,
];

const DEFAULT_LAST_ERROR_THRESHOLD_MS = 7 * 24 * 3_600_000;

export interface IssueQuery {
  /** Issue ids; empty or absent means all. `omit` beats `only`. */
  readonly only?: readonly string[];
  readonly omit?: readonly string[];
  /** Issues below it are left out. */
  readonly severity?: Severity;
  /** 7 days when absent or 0. */
  readonly lastErrorThresholdMs?: number;
}

export interface Issue {
  readonly id: string;
  readonly severity: Severity;
  readonly description: string;
  readonly details: string;
}

/** Machine id to its issues, in the catalogue's order; machines without issues are absent. */
export function evaluateIssues(
  machines: readonly IssueSubject[],
  query: IssueQuery,
  now: Date,
): ReadonlyMap<string, readonly Issue[]> {
  const wanted = new Set(ISSUES.filter((rule) => includes(query, rule)));
  const world: IssueWorld = {
    now,
    lastErrorThresholdMs: query.lastErrorThresholdMs || DEFAULT_LAST_ERROR_THRESHOLD_MS,
    machinesByBmcAddress: group(machines, (machine) => [machine.bmc.address]),
    firewallsByAsn: group(machines, ({ allocation }) =>
      allocation?.role === "firewall" ? [...new Set(allocation.asns)].filter((asn) => asn !== 0) : [],
    ),
  };
  const found = new Map<string, Issue[]>();
  for (const machine of machines) {
    // Without a log nothing else can be judged.
    const rules = machine.container ? ISSUES : [noEventContainer];
    const issues = rules.flatMap((rule) => {
      const details = wanted.has(rule) ? rule.find(machine, world) : undefined;
      if (details === undefined) return [];
      return [{ id: rule.id, severity: rule.severity, description: rule.description, details }];
    });
    if (issues.length > 0) found.set(machine.id, issues);
  }
  return found;
}

function includes({ only = [], omit = [], severity = "minor" }: IssueQuery, rule: IssueRule): boolean {
  if (SEVERITIES.indexOf(rule.severity) < SEVERITIES.indexOf(severity)) return false;
  return !omit.includes(rule.id) && (only.length === 0 || only.includes(rule.id));
}

function group<Key>(machines: readonly IssueSubject[], keys: (machine: IssueSubject) => readonly Key[]) {
  const groups = new Map<Key, string[]>();
  for (const machine of machines)
    for (const key of keys(machine)) groups.set(key, [...(groups.get(key) ?? []), machine.id]);
  return groups;
}
