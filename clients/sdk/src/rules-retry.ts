// Which requests may be sent again, and when. Pure.

/** Last segments of the POSTs that only read (reference/api-resources.md chapter 3). */
const READING = ["find", "suggest", "try", "matches", "capacity", "usage", "evaluate"];

/** The requests of which the API remembers the key, and answers the second with what the first one got. */
const KEYED = /\/v1\/(machine|firewall)\/allocate$/;

/** Of answers that come from a service that is busy, restarting or behind a proxy that lost it (RFC 9110 §15.6). */
const PASSING = [502, 503, 504];
/** Refused before anybody looked at it (RFC 6585 §4): whatever it is, nothing was done. */
const TOO_MANY_REQUESTS = 429;

const BACKOFF_MS = 200;
const MAX_BACKOFF_MS = 5_000;
/** A server that wants more patience is better told of than waited for. */
const MAX_RETRY_AFTER_MS = 60_000;

/**
 * Whether sending a request twice does what sending it once does, or nothing. DELETE and PUT are not: the second would be
 * answered 404 or 409, and look like a failure.
 * @param path without query
 * @param hasIdempotencyKey counts only where the API knows what it is
 */
export function isSafe(method: string, path: string, hasIdempotencyKey: boolean): boolean {
  if (method === "GET" || method === "HEAD") return true;
  if (method !== "POST") return false;
  return READING.includes(path.slice(path.lastIndexOf("/") + 1)) || (hasIdempotencyKey && KEYED.test(path));
}

/**
 * Whether an answer of this status may be another one the next time.
 * @param safe see isSafe
 */
export const mayPass = (status: number, safe: boolean): boolean =>
  status === TOO_MANY_REQUESTS || (safe && PASSING.includes(status));

/**
 * Milliseconds to wait before the next attempt: what the server asks for (RFC 9110 §10.2.3), else twice as long each
 * time, with jitter so that many clients do not come back at once.
 * @param attempt counted from 1
 * @param random from 0 to 1
 * @returns undefined when the server asks for more patience than a minute
 */
export function pauseBefore(
  attempt: number,
  retryAfter: string | null | undefined,
  now: Date,
  random: number,
): number | undefined {
  const asked = retryAfter ? askedFor(retryAfter, now) : undefined;
  if (asked !== undefined) return asked > MAX_RETRY_AFTER_MS ? undefined : asked;
  return Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** (attempt - 1)) * (0.5 + random / 2);
}

function askedFor(retryAfter: string, now: Date): number | undefined {
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}
