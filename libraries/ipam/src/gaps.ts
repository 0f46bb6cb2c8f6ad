// What is left of a prefix between the things that were handed out of it. Pure.
import { BITS, type Prefix, sizeOf } from "./address.ts";

/** First and last address, both included. */
export interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

/** The maximal ranges of `whole` outside `taken`, which is in order, inside `whole` and without overlaps. */
export function gaps(whole: Range, taken: Iterable<Range>): Range[] {
  const free: Range[] = [];
  let next = whole.first;
  for (const { first, last } of taken) {
    if (first > next) free.push({ first: next, last: first - 1n });
    next = last + 1n;
  }
  if (next <= whole.last) free.push({ first: next, last: whole.last });
  return free;
}

export function rangeOf(prefix: Prefix): Range {
  return { first: prefix.value, last: prefix.value + sizeOf(prefix) - 1n };
}

/** A range as the fewest aligned blocks, in order. */
export function blocksOf(family: Prefix["family"], { first, last }: Range): Prefix[] {
  const blocks: Prefix[] = [];
  for (let value = first; value <= last;) {
    let length = BITS[family];
    for (; length > 0; length--) {
      const size = 1n << BigInt(BITS[family] - length + 1);
      if (value % size !== 0n || value + size - 1n > last) break;
    }
    const block = { family, value, length };
    blocks.push(block);
    value += sizeOf(block);
  }
  return blocks;
}
