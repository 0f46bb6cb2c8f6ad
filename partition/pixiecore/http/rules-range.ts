// One byte range of a file (RFC 9110 §14).

export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * "bytes=0-99", "bytes=100-", "bytes=-100" for a file of `size` bytes. Undefined: send the whole file (no header, or one
 * that may be ignored, as lists of ranges); "unsatisfiable": answer 416.
 */
export function parseRange(header: string | undefined, size: number): ByteRange | "unsatisfiable" | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  const [, from, to] = match;
  if (from === "") {
    const length = Math.min(Number(to), size);
    return length === 0 ? "unsatisfiable" : { first: size - length, last: size - 1 };
  }
  const first = Number(from);
  const last = to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== "" && Number(to) < first) return undefined;
  return first >= size ? "unsatisfiable" : { first, last };
}
