const POLL_MS = 100;

/** Tries until it works. @throws Error with what was wrong last, when it does not within the time */
export async function until<T>(what: string, test: () => Promise<T>, timeoutMs = 60_000): Promise<T> {
  for (const end = Date.now() + timeoutMs; ;) {
    try {
      return await test();
    } catch (error) {
      if (Date.now() > end) throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
