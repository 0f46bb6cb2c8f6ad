import { setTimeout as sleep } from "node:timers/promises";

/** Waiting times between attempts. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

export const DEFAULT_BACKOFF: Backoff = { firstMs: 250, maxMs: 5_000 };

/**
 * Runs `attempt` until it succeeds or the signal aborts, waiting longer after each failure (doubling, ±20 % jitter).
 * Throws the abort reason when aborted.
 */
export async function retry<T>(
  attempt: () => Promise<T>,
  onError: (error: unknown, retryInMs: number) => void,
  signal: AbortSignal,
  backoff: Backoff = DEFAULT_BACKOFF,
): Promise<T> {
  for (let wait = backoff.firstMs; ; wait = Math.min(wait * 2, backoff.maxMs)) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      const jittered = Math.round(wait * (0.8 + Math.random() * 0.4));
      onError(error, jittered);
      await sleep(jittered, undefined, { signal });
    }
  }
}

/**
 * Keeps a server stream alive: opens it, hands over each message, and opens it again when it ends or fails.
 * The waiting time starts over after every message received. Returns when the signal aborts.
 */
export async function follow<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  onMessage: (message: T) => Promise<void> | void,
  onError: (error: unknown, retryInMs: number) => void,
  signal: AbortSignal,
  backoff: Backoff = DEFAULT_BACKOFF,
): Promise<void> {
  let wait = backoff.firstMs;
  while (!signal.aborted) {
    let failure: unknown = new Error("the server ended the stream");
    try {
      for await (const message of open(signal)) {
        wait = backoff.firstMs;
        await onMessage(message);
      }
    } catch (error) {
      failure = error;
    }
    if (signal.aborted) return;
    onError(failure, wait);
    await sleep(wait, undefined, { signal }).catch(() => undefined);
    wait = Math.min(wait * 2, backoff.maxMs);
  }
}
