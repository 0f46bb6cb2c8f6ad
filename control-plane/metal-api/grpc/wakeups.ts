// The heartbeat of level-triggered streams: wake up, read the database, send what is wanted now.
import { EVERYTHING, type Notifications } from "@metal-stack/database";

/** What announces changes, and which ids of it matter. */
export interface Source {
  readonly topic: "machine" | "switch" | "bmc" | "event" | "release";
  readonly concerns: (id: string) => boolean;
}

/**
 * Yields at once, then after every change that concerns the stream, and at the latest after `intervalMs`.
 * Changes that come while the consumer works are one wake-up. Ends when the signal aborts.
 */
export async function* wakeups(
  notifications: Notifications,
  sources: readonly Source[],
  intervalMs: number,
  signal: AbortSignal,
): AsyncGenerator<"start" | "change" | "interval"> {
  let changed = false;
  let wake = () => undefined as void;
  const onChange = () => {
    changed = true;
    wake();
  };
  const unsubscribe = sources.map(({ topic, concerns }) =>
    notifications.subscribe(topic, (id) => {
      if (id === EVERYTHING || concerns(id)) onChange();
    }),
  );
  const onAbort = () => wake();
  signal.addEventListener("abort", onAbort);
  try {
    if (!signal.aborted) yield "start";
    while (!signal.aborted) {
      if (!changed) {
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        const timer = setTimeout(resolve, intervalMs);
        await promise;
        clearTimeout(timer);
      }
      if (signal.aborted) return;
      const why = changed ? "change" : "interval";
      changed = false;
      yield why;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    for (const stop of unsubscribe) stop();
  }
}
