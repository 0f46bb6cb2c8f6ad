// What an operational problem of a machine is, and what the rules that find them may know.
// Ids, severities and descriptions up to no-event-container are the original's (reference/machine-lifecycle.md 7).
import type { EventContainer } from "../events.ts";
import type { Liveliness } from "../rules.ts";

/**
 * minor: look at it from time to time. major: users feel it or resources lie idle. critical: may break the whole,
 * act now.
 */
export const SEVERITIES = ["minor", "major", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** A machine as the rules see it; `container` is missing when nothing was ever recorded of it. */
export interface IssueSubject {
  readonly id: string;
  readonly partitionId: string;
  readonly liveliness: Liveliness;
  readonly container: EventContainer | undefined;
  /** ASNs of the allocation's networks; absent when not allocated. */
  readonly allocation: { readonly role: "machine" | "firewall"; readonly asns: readonly number[] } | null;
  readonly bmc: {
    readonly address: string;
    readonly mac: string;
    readonly lastUpdated: Date | null;
    /** The change of its password that is under way, if any. */
    readonly rotation?: RotationFact | undefined;
  };
  readonly disks: "unknown" | "erasing" | "erased" | "in-use" | "quarantined";
  readonly disksReason: string;
  /** The release under way, if any. */
  readonly release: ReleaseFact | null;
  /** Whether the newest erase record of the machine was accepted. */
  readonly eraseProven: boolean;
  readonly switches: readonly SwitchFact[];
}

interface RotationFact {
  readonly reason: string;
  readonly attempts: number;
  readonly lastError: string;
  readonly since: Date;
}

interface ReleaseFact {
  readonly phase: string;
  readonly reason: string;
  readonly attempts: number;
  readonly lastError: string;
  readonly created: Date;
}

export interface SwitchFact {
  readonly id: string;
  readonly lastSync: Date | null;
  readonly lastSyncError: { readonly time: Date; readonly error: string } | null;
}

/** What comparisons need: the other machines under evaluation, the moment, and the caller's threshold. */
export interface IssueWorld {
  readonly now: Date;
  /** How long an error in the log counts, in milliseconds. */
  readonly lastErrorThresholdMs: number;
  /** BMC address ("host:port") to the ids that claim it. */
  readonly machinesByBmcAddress: ReadonlyMap<string, readonly string[]>;
  /** ASN to the ids of the firewalls that use it. */
  readonly firewallsByAsn: ReadonlyMap<number, readonly string[]>;
}

export interface IssueRule {
  readonly id: string;
  readonly severity: Severity;
  readonly description: string;
  /** Details (may be empty) when the machine has the issue, undefined when not. */
  readonly find: (machine: IssueSubject, world: IssueWorld) => string | undefined;
}

/** Pages of the original's documentation, one anchor an issue. */
const DOCUMENTATION = "https://docs.metal-stack.io/stable/installation/troubleshoot/#";

export const referenceUrl = (id: string): string => DOCUMENTATION + id;

/** "3h25m0s", as the original writes durations. */
export function age(since: Date, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - since.getTime()) / 1000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}
