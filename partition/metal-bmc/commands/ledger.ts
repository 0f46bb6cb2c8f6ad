/** Commands whose result is remembered; a command comes again only while its result has not arrived. */
const REMEMBERED = 10_000;

/** Which commands were taken up, and how they ended: so that none is executed twice. */
export class Ledger {
  readonly #results = new Map<string, string | undefined>();

  /** "new" once per id; then "running", until {@link settle}, then the result: an error text, empty for success. */
  take(commandId: string): "new" | "running" | { readonly error: string } {
    const known = this.#results.has(commandId);
    const error = this.#results.get(commandId);
    if (known) return error === undefined ? "running" : { error };
    this.#results.set(commandId, undefined);
    this.#forget();
    return "new";
  }

  settle(commandId: string, error: string): void {
    this.#results.set(commandId, error);
  }

  /** Oldest first, but never one that is running. */
  #forget(): void {
    if (this.#results.size <= REMEMBERED) return;
    for (const [id, error] of this.#results) {
      if (error === undefined) continue;
      this.#results.delete(id);
      return;
    }
  }
}
