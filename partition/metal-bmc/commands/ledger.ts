/** Commands whose result is remembered; a command comes again only while its result has not arrived. */
const REMEMBERED = 10_000;

/** How a command ended: `error` is empty for success, `loginId` when no stored login helped. */
export interface Outcome {
  readonly error: string;
  readonly loginId: string;
}

/** Which commands were taken up, and how they ended: so that none is executed twice. */
export class Ledger {
  readonly #results = new Map<string, Outcome | undefined>();

  /** "new" once per id; then "running", until {@link settle}, then the result. */
  take(commandId: string): "new" | "running" | Outcome {
    if (this.#results.has(commandId)) return this.#results.get(commandId) ?? "running";
    this.#results.set(commandId, undefined);
    this.#forget();
    return "new";
  }

  settle(commandId: string, outcome: Outcome): void {
    this.#results.set(commandId, outcome);
  }

  /** Oldest first, but never one that is running. */
  #forget(): void {
    if (this.#results.size <= REMEMBERED) return;
    for (const [id, outcome] of this.#results) {
      if (!outcome) continue;
      this.#results.delete(id);
      return;
    }
  }
}
