// How calls to metal-api are repeated.
import { Code, ConnectError } from "@connectrpc/connect";
import { retry, type Backoff } from "@metal-stack/service";

/** The original's deadline for a call. */
export const RPC_TIMEOUT_MS = 10_000;
const BACKOFF: Backoff = { firstMs: 500, maxMs: 10_000 };

/** Answers that may be better the next time; all others are an answer. */
const TRANSIENT = new Set([
  Code.Unavailable,
  Code.DeadlineExceeded,
  Code.Aborted,
  Code.ResourceExhausted,
  Code.Internal,
  Code.Unknown,
]);

/**
 * Calls until metal-api answers. Every call of the hammer can be repeated without harm.
 * @throws {ConnectError} metal-api's refusal
 */
export async function callUntilAnswered<T>(
  call: (options: { timeoutMs: number; signal: AbortSignal }) => Promise<T>,
  onError: (error: unknown) => void,
  signal: AbortSignal,
): Promise<T> {
  const outcome = await retry(
    async () => {
      try {
        return { answer: await call({ timeoutMs: RPC_TIMEOUT_MS, signal }) };
      } catch (error) {
        const refusal = ConnectError.from(error);
        if (TRANSIENT.has(refusal.code)) throw error;
        return { refusal };
      }
    },
    onError,
    signal,
    BACKOFF,
  );
  if ("refusal" in outcome) throw outcome.refusal;
  return outcome.answer;
}
