/** Runs work in order for each machine, in parallel across machines, and not more than `limit` at once. */
export class Schedule {
  readonly #limit: number;
  readonly #waiting = new Map<string, (() => Promise<void>)[]>();
  readonly #busy = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @param work must not throw */
  add(machine: string, work: () => Promise<void>): void {
    const queue = this.#waiting.get(machine);
    if (queue) queue.push(work);
    else this.#waiting.set(machine, [work]);
    this.#next();
  }

  #next(): void {
    for (const [machine, queue] of this.#waiting) {
      if (this.#busy.size >= this.#limit) return;
      if (this.#busy.has(machine)) continue;
      const work = queue.shift()!;
      // Goes to the end of the line, so that a machine with many commands does not hold up the others.
      this.#waiting.delete(machine);
      if (queue.length > 0) this.#waiting.set(machine, queue);
      this.#busy.add(machine);
      void this.#run(machine, work);
    }
  }

  async #run(machine: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } finally {
      this.#busy.delete(machine);
      this.#next();
    }
  }
}
