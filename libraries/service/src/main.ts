import { ConfigurationError } from "./configuration.ts";
import { createLogger, type Logger } from "./logger.ts";

/**
 * Runs a service: gives it a logger and a signal that aborts on SIGINT or SIGTERM, and turns its end into an exit
 * code (0 after a signal, 1 on an error, 2 on a bad setting). `service` resolves when everything is closed.
 */
export async function runService(
  name: string,
  service: (context: { log: Logger; signal: AbortSignal }) => Promise<void>,
): Promise<void> {
  const log = createLogger(name);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  try {
    await service({ log, signal: stop.signal });
    process.exit(0);
  } catch (error) {
    if (stop.signal.aborted) process.exit(0);
    if (error instanceof ConfigurationError) {
      log.error(error.message);
      process.exit(2);
    }
    log.error({ err: error }, "stopped by an error");
    process.exit(1);
  }
}

/** Resolves when the service is told to stop, also when that was while it started. */
export function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
