// Which login of a BMC to try first, and when a change of its password is tried again. Pure.

/** The original's name for the user that metal-bmc logs in with. */
export const BMC_USER = "metal";
/** Passwords made for one BMC that it was never seen to accept: more only cost failed logins, and BMCs lock users out. */
export const MAX_UNPROVEN = 3;

interface LoginFacts {
  readonly sequence: number;
  readonly applied: Date | null;
  readonly accepted: Date | null;
}

/**
 * Likeliest first: what the machine says it has set, then what the BMC accepted last, then what may have been set by somebody
 * who died before telling; the newer before the older.
 */
export function inOrderOfTrial<T extends LoginFacts>(logins: readonly T[]): T[] {
  const rank = ({ applied, accepted }: LoginFacts) => (accepted ? 1 : applied ? 0 : 2);
  return logins.toSorted((one, other) => rank(one) - rank(other) || other.sequence - one.sequence);
}

const MINUTE_MS = 60_000;
/** Pauses after the 1st, 2nd, … failure; the last one for ever after. */
const PAUSES_MS = [1, 5, 15, 30, 60].map((minutes) => minutes * MINUTE_MS);

/** When a change of a password that failed is tried again. Never given up: a BMC may be away for weeks. */
export function nextTry(attempts: number, now: Date): Date {
  return new Date(now.getTime() + PAUSES_MS[Math.min(Math.max(attempts, 1), PAUSES_MS.length) - 1]!);
}
