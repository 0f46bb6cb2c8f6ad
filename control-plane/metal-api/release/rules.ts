// When a release goes on by itself, and how. Pure; the worker and the commands do what is decided here.
import type { Hardware } from "../database/documents.ts";
import type { ReleasePhase } from "../database/schema.ts";

const MINUTE_MS = 60_000;
/** From the reset to the hammer's registration: the slowest servers need 6 minutes for their firmware. */
export const BOOT_DEADLINE_MS = 10 * MINUTE_MS;
/** An erasing hammer says something every minute. */
export const ERASE_SILENCE_MS = 10 * MINUTE_MS;
/** Bytes a second that the slowest disk is overwritten and read back with. */
const ERASE_RATE = 50e6;
const ERASE_BASE_MS = 10 * MINUTE_MS;
/** Pauses before the 2nd, 3rd, … reset; after the last one a person has to look. */
const PAUSES_MS = [0, 1, 5, 15, 30, 60, 120].map((minutes) => minutes * MINUTE_MS);
/** How long a missing BMC is asked for again. */
export const NO_BMC_PAUSE_MS = MINUTE_MS;

/** The first reset and one after each pause. */
export const MAX_ATTEMPTS = PAUSES_MS.length + 1;

/** How long erasing all disks, one after the other, may take. */
export function eraseBudgetMs(hardware: Pick<Hardware, "disks"> | null): number {
  const bytes = (hardware?.disks ?? []).reduce((sum, disk) => sum + disk.size, 0);
  return ERASE_BASE_MS + (bytes / ERASE_RATE) * 1000;
}

export interface ReleaseFacts {
  readonly phase: ReleasePhase;
  /** Resets so far. */
  readonly attempts: number;
  /** Of the phase; null while nothing is awaited. */
  readonly deadline: Date | null;
  /** When the next reset is due; null when none is planned. */
  readonly nextTry: Date | null;
  /** When the machine's last event came, progress of its erase included. */
  readonly heard: Date | null;
  readonly since: Date;
}

export type Decision =
  | { readonly action: "nothing" }
  | { readonly action: "reset" }
  /** The attempt failed; `nextTry` null gives up until a person asks again. */
  | { readonly action: "retry later"; readonly nextTry: Date | null; readonly error: string };

const NOTHING: Decision = { action: "nothing" };

/** What is due now. */
export function decide(release: ReleaseFacts, now: Date): Decision {
  if (release.nextTry) return release.nextTry <= now ? { action: "reset" } : NOTHING;
  if (release.phase === "boot" && passed(release.deadline, now))
    return retryLater(release, now, "the machine did not boot the discovery image in time");
  if (release.phase === "erase") {
    if (passed(release.deadline, now)) return retryLater(release, now, "the erase did not end in time");
    const heard = release.heard && release.heard > release.since ? release.heard : release.since;
    if (now.getTime() - heard.getTime() > ERASE_SILENCE_MS)
      return retryLater(release, now, "the machine fell silent while erasing");
  }
  return NOTHING;
}

function retryLater({ attempts }: ReleaseFacts, now: Date, error: string): Decision {
  // An erase that a person started by power-cycling has no attempt yet.
  const pause = PAUSES_MS[Math.max(attempts - 1, 0)];
  return { action: "retry later", nextTry: pause === undefined ? null : new Date(now.getTime() + pause), error };
}

function passed(deadline: Date | null, now: Date): boolean {
  return deadline !== null && deadline <= now;
}
