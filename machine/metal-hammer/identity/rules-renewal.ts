/** Milliseconds until a certificate should be renewed: two thirds of what is left of its life, at least a second. */
export function renewalDelay(notAfter: Date, now: Date): number {
  return Math.max(1_000, ((notAfter.getTime() - now.getTime()) * 2) / 3);
}
