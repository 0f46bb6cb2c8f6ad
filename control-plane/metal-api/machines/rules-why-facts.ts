// What is known of one machine when somebody asks why, and the few things that several answers conclude from it. Pure.
import type { EraseProgress } from "../database/documents.ts";
import type { DisksState, ReleasePhase } from "../database/schema.ts";
import type { EventContainer, EventType, ProvisioningEvent } from "../provisioning/events.ts";
import type { Liveliness } from "../provisioning/rules.ts";
import type { RescuePlan } from "../rescue/rules.ts";
import type { StoredState } from "./rules-state.ts";

export interface WhyFacts {
  readonly id: string;
  readonly created: Date;
  /** Empty for a machine that no boot server has seen yet. */
  readonly partitionId: string;
  /** Its hardware is known. */
  readonly registered: boolean;
  readonly state: { readonly value: StoredState; readonly description: string; readonly issuer: string };
  readonly disks: { readonly state: DisksState; readonly reason: string; readonly since: Date };
  readonly waitingUntil: Date | null;
  /** All machines like it that wait are kept for these projects; null when some are left for others. */
  readonly reservedFor: string | null;
  readonly liveliness: Liveliness;
  /** The newest event is enough. */
  readonly container: EventContainer | undefined;
  readonly allocation: {
    readonly projectId: string;
    readonly imageId: string;
    readonly created: Date;
    /** When the hammer reported the installation. */
    readonly installed: Date | null;
    /** It phoned home since. */
    readonly succeeded: boolean;
    readonly reinstall: boolean;
  } | null;
  /** What is done when it falls silent before its installation ended; null when it is not to be installed. */
  readonly rescue: RescuePlan | null;
  readonly release: {
    readonly phase: ReleasePhase;
    readonly reason: string;
    readonly attempts: number;
    readonly lastError: string;
    readonly since: Date;
    readonly deadline: Date | null;
    readonly nextTry: Date | null;
    /** By disk. */
    readonly progress: Readonly<Record<string, EraseProgress>>;
  } | null;
  readonly bmc: {
    readonly address: string;
    readonly lastUpdated: Date | null;
    /** The change of its password that is under way. */
    readonly rotation: { readonly since: Date; readonly attempts: number; readonly lastError: string } | null;
  };
  readonly switches: readonly {
    readonly id: string;
    /** It has not applied the newest wanted state yet. */
    readonly behind: boolean;
    readonly lastError: string;
  }[];
  /** For its BMC, newest first. */
  readonly commands: readonly BmcCommandFact[];
}

export interface BmcCommandFact {
  readonly command: string;
  readonly created: Date;
  readonly sent: Date | null;
  readonly done: Date | null;
  readonly error: string | null;
}

const MINUTE_MS = 60_000;
/** metal-bmc reports every 5 minutes; missing it four times is no accident. */
const BMC_SILENCE_MS = 20 * MINUTE_MS;
/** Progress of an erase shown by name; the rest is counted. */
const DISKS_SHOWN = 3;

export function newestEvent({ container }: WhyFacts): ProvisioningEvent | undefined {
  return container?.events[0];
}

export function isSilent({ liveliness }: WhyFacts): boolean {
  return liveliness !== "Alive";
}

/** When anything was heard of it last; its first appearance when it never spoke. */
export function heardAt({ container, created }: WhyFacts): Date {
  return container?.lastEventTime ?? created;
}

/** When its newest event came; signs of life after it do not count. */
export function newestEventAt(facts: WhyFacts): Date {
  return newestEvent(facts)?.time ?? heardAt(facts);
}

/** Whether the newest event is one of these. */
export function newestIs(...events: EventType[]): (facts: WhyFacts) => boolean {
  return (facts) => events.some((event) => event === newestEvent(facts)?.event);
}

/** The last error of its log in plain words; empty when there is none. */
export function errorText({ container }: WhyFacts): string {
  // The log says so of every event out of order; the state says it better.
  return (container?.lastErrorEvent?.message ?? "").replace(/^\[unexpectedly received in state [^\]]*\](?:: )?/, "");
}

/** What keeps the newest power command from being executed; undefined when it was, or when none was given. */
export function commandTrouble({ commands, partitionId, bmc }: WhyFacts): string | undefined {
  const power = commands.find(({ command, error }) => !command.startsWith("LED-") && !error?.startsWith("superseded"));
  if (!power) return undefined;
  const { command, sent, done, error } = power;
  if (error) return `BMC command ${command} failed: ${error}`;
  if (done) return undefined;
  if (sent) return `the BMC has not answered command ${command} yet`;
  if (bmc.address === "") return `BMC command ${command} waits: the address of the BMC is not known`;
  return `BMC command ${command} waits: no metal-bmc of partition ${partitionId} has taken it yet`;
}

/** Undefined while metal-bmc tells of it. */
export function bmcSilence({ bmc }: WhyFacts, now: Date): string | undefined {
  if (bmc.address === "") return "no BMC is known of it";
  if (!bmc.lastUpdated) return "its BMC was never heard";
  return now.getTime() - bmc.lastUpdated.getTime() > BMC_SILENCE_MS
    ? `its BMC ${bmc.address} was last heard ${bmc.lastUpdated.toISOString()}`
    : undefined;
}

/** Undefined while no change of its BMC's password fails. */
export function rotationTrouble({ bmc: { rotation } }: WhyFacts): string | undefined {
  if (!rotation || rotation.lastError === "") return undefined;
  const { since, attempts, lastError } = rotation;
  return `its BMC password could not be changed since ${since.toISOString()}, ${attempts} attempts: ${lastError}`;
}

/** "/dev/sda 40 % (overwrite), /dev/sdb 100 % (discard) and 6 more"; empty before the first progress. */
export function eraseProgress(progress: Readonly<Record<string, EraseProgress>>): string {
  const disks = Object.entries(progress).sort(([, one], [, other]) => one.fraction - other.fraction);
  const shown = disks
    .slice(0, DISKS_SHOWN)
    .map(([disk, { fraction, message }]) => `${disk} ${Math.floor(fraction * 100)} %${message && ` (${message})`}`);
  const rest = disks.length - shown.length;
  return shown.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
