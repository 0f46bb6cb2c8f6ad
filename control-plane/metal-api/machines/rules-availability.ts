// Why a machine cannot be allocated now. One list for the machine's answer, for "no machine available" and for `why`. Pure.
import type { DisksState } from "../database/schema.ts";
import type { StoredState } from "./rules-state.ts";

export interface AvailabilityFacts {
  readonly allocated: boolean;
  readonly state: StoredState;
  readonly disks: DisksState;
  /** Its hammer asks for instructions just now. */
  readonly waiting: boolean;
  /** It was heard within five minutes. */
  readonly alive: boolean;
}

type Obstacle = readonly [applies: (facts: AvailabilityFacts) => boolean, text: string];

/** The first that applies is the one to deal with first. */
const OBSTACLES: readonly Obstacle[] = [
  [({ allocated }) => allocated, "allocated"],
  [({ disks }) => disks === "quarantined", "quarantined: its disks could not be proven erased"],
  [({ state }) => state === "LOCKED", "locked by an operator"],
  [({ state }) => state === "TAINTED", "reserved by an operator"],
  [({ disks }) => disks === "erasing", "being erased"],
  [({ disks }) => disks === "unknown", "not yet proven erased"],
  [({ disks, allocated }) => disks === "in-use" && !allocated, "marked as in use without an allocation"],
  [({ alive, allocated }) => !alive && !allocated, "silent for more than five minutes"],
  [({ waiting, disks }) => !waiting && disks === "erased", "not waiting for instructions (booting, or switched off)"],
];

/** All obstacles, most important first; empty when the machine can be allocated. */
export function obstacles(facts: AvailabilityFacts): string[] {
  return OBSTACLES.filter(([applies]) => applies(facts)).map(([, text]) => text);
}

/** How many machines are in each group of equal facts. */
export interface AvailabilityGroup extends AvailabilityFacts {
  readonly count: number;
}

/** One sentence on a whole size: "of 12 machines of size s in partition p 9 are allocated, 3 being erased". */
export function explainAbsence(size: string, partition: string, groups: readonly AvailabilityGroup[]): string {
  const total = groups.reduce((sum, group) => sum + group.count, 0);
  if (total === 0) return `there is no machine of size ${size} in partition ${partition}`;
  const counts = new Map<string, number>();
  for (const group of groups) {
    const text = obstacles(group)[0] ?? "just being allocated to somebody else";
    counts.set(text, (counts.get(text) ?? 0) + group.count);
  }
  const parts = [...counts]
    .toSorted(([a, one], [b, other]) => other - one || a.localeCompare(b))
    .map(([text, count]) => `${count} ${text}`);
  return `of ${total} machine${total === 1 ? "" : "s"} of size ${size} in partition ${partition}: ${parts.join(", ")}`;
}
