// When a machine that fell silent before its installation ended, or while nobody has it, is booted again, and when it must
// not be touched. Pure.
import type { EventType } from "../provisioning/events.ts";

const MINUTE_MS = 60_000;
/** The hammer says something every minute, and the slowest firmware boots in 6: nothing good takes this long. */
export const RESCUE_SILENCE_MS = 20 * MINUTE_MS;
/** On top of the silence, before the 1st, 2nd, … reset; after the last one a person has to look. */
const PAUSES_MS = [0, 10, 30, 60].map((minutes) => minutes * MINUTE_MS);
export const MAX_RESCUES = PAUSES_MS.length;
/**
 * Between the answer to "boot from the network" and the power cycle. The answer proves that the partition is not cut off:
 * a machine that was only not heard because of that speaks within a minute.
 */
const PROBE_MS = 2 * MINUTE_MS;

/** What a machine says last when the discovery image runs it, or when it was told to boot that. */
const DISCOVERY: readonly EventType[] = [
  "PXE Booting",
  "Preparing",
  "Registering",
  "Waiting",
  "Installing",
  "Booting New Kernel",
  "Crashed",
];

/** One of ours. */
export interface RescueOrder {
  readonly command: string;
  readonly created: Date;
  readonly done: Date | null;
  readonly error: string | null;
}

/** Of a machine that is allocated and not installed, or that nobody has and nobody takes back. */
export interface RescueFacts {
  /** Nobody has it. */
  readonly free: boolean;
  /** Free machines of its partition that fell silent within minutes of it, and such that speak; 0 when it is not free. */
  readonly silentToo: number;
  readonly speaking: number;
  readonly heard: Date;
  readonly newestEvent: EventType | undefined;
  readonly locked: boolean;
  readonly reinstall: boolean;
  /** Since it was allocated, was to be reinstalled, or waited for the last time; newest first. */
  readonly orders: readonly RescueOrder[];
  /** Somebody else ordered OFF, DISK or BIOS since then: he wants it so, or his system may run. */
  readonly commanded: boolean;
}

export type RescuePlan =
  /** `reset` counts from 1. */
  | { readonly kind: "boot device" | "power cycle"; readonly at: Date; readonly reset: number }
  | { readonly kind: "answer"; readonly reset: number }
  | { readonly kind: "gave up"; readonly resets: number }
  | { readonly kind: "hands off"; readonly because: string };

/** What comes next, and when. */
export function rescuePlan(facts: RescueFacts): RescuePlan {
  const because = handsOff(facts);
  if (because) return { kind: "hands off", because };
  const [last] = facts.orders;
  const resets = facts.orders.filter(({ command }) => command === "PXE").length;
  if (last && !last.done) return { kind: "answer", reset: resets };
  const base = last && last.created > facts.heard ? last.created : facts.heard;
  // Who spoke since needs no power cycle; should he fall silent, all begins with the next reset.
  if (last?.command === "PXE" && last.done && last.error === null && last.created > facts.heard)
    return { kind: "power cycle", at: new Date(last.done.getTime() + PROBE_MS), reset: resets };
  const pause = PAUSES_MS[resets];
  if (pause === undefined) return { kind: "gave up", resets };
  return { kind: "boot device", at: new Date(base.getTime() + RESCUE_SILENCE_MS + pause), reset: resets + 1 };
}

/** So many are no accident. */
const TOGETHER = 2;

function handsOff(facts: RescueFacts): string | undefined {
  const { newestEvent, locked, commanded, reinstall, free, silentToo, speaking } = facts;
  if (locked) return "it is locked";
  // Resetting all machines of a partition helps none of them, and takes those out that only wait for the link.
  if (silentToo >= TOGETHER && silentToo > speaking)
    return `${silentToo} other free machines of its partition fell silent with it: look at the partition first`;
  if (free && newestEvent === undefined) return "it never booted";
  if (commanded) return "somebody switched it off or chose what it boots";
  if (newestEvent === undefined || DISCOVERY.includes(newestEvent)) return undefined;
  // Of a reinstallation, who ordered it looks after its boot.
  if (newestEvent === "Planned Reboot" && !reinstall) return undefined;
  return `its last event is ${newestEvent}`;
}
