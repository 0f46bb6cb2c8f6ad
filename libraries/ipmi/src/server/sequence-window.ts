/** Packets may overtake each other by this many (§6.12.13 demands at least 8). */
const WINDOW = 32;

/** Lets each session sequence number pass once: against replayed and doubled packets. */
export class SequenceWindow {
  #highest = 0;
  #seen = 0;

  /** @param sequence 1 to 2^32-1; 0 is never valid inside a session */
  accept(sequence: number): boolean {
    if (sequence === 0) return false;
    const ahead = sequence - this.#highest;
    if (ahead > 0) {
      this.#seen = ahead >= WINDOW ? 1 : ((this.#seen << ahead) | 1) >>> 0;
      this.#highest = sequence;
      return true;
    }
    const bit = -ahead;
    if (bit >= WINDOW || (this.#seen >>> bit) & 1) return false;
    this.#seen = (this.#seen | (1 << bit)) >>> 0;
    return true;
  }
}
