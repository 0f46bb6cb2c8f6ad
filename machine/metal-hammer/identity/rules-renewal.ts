const SOONEST_MS = 1_000;
/** A week; timers overflow at 25 days. */
const LATEST_MS = 7 * 86_400_000;

/** Milliseconds until a certificate should be renewed: two thirds of what is left of its life, a second to a week. */
export function renewalDelay(notAfter: Date, now: Date): number {
  return Math.min(LATEST_MS, Math.max(SOONEST_MS, ((notAfter.getTime() - now.getTime()) * 2) / 3));
}
