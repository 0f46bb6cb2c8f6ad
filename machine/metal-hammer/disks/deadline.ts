// Work on a disk that must not go without progress for too long: disks hang, and reads and writes then never return.
import type { Watch } from "./read-back.ts";

/** A disk that made no progress; whatever was under way on it may still be. */
export class HungError extends Error {
  override readonly name = "HungError";
}

export function describeSpan(milliseconds: number): string {
  const minutes = milliseconds / 60_000;
  if (minutes < 1) return `${Math.round(milliseconds / 1000)} s`;
  return minutes < 120 ? `${Math.round(minutes)} min` : `${Math.round(minutes / 60)} h`;
}

/**
 * Does the work, and gives it up when the signal aborts or it was not `alive` for the limit: then it is left alone, because
 * a system call that hangs cannot be called off.
 * @throws {HungError}
 */
export async function withinLimit<T>(
  what: string,
  limitMs: number,
  signal: AbortSignal,
  work: (watch: Watch) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const given = new AbortController();
  const ended = AbortSignal.any([signal, given.signal]);
  const late = () =>
    given.abort(new HungError(`the disk hangs: ${what} made no progress for ${describeSpan(limitMs)}`));
  const timer = setTimeout(late, limitMs);
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const giveUp = () => reject(ended.reason as Error);
  ended.addEventListener("abort", giveUp, { once: true });
  try {
    return await Promise.race([work({ alive: () => void timer.refresh(), signal: ended }), givenUp]);
  } finally {
    clearTimeout(timer);
    ended.removeEventListener("abort", giveUp);
  }
}
