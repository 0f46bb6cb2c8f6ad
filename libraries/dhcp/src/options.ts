// The options field: code, length, value (RFC 2132 §2), long options in pieces (RFC 3396).
import { Option } from "./option-codes.ts";

/** Options in wire order. A value may be longer than 255 bytes; codes are 1 … 254. */
export type Options = Map<number, Uint8Array>;

/** What was received is not a DHCP packet, or is a broken one. */
export class DhcpFormatError extends Error {
  override readonly name = "DhcpFormatError";
}

const PAD = 0;
const END = 255;
const MAX_PIECE = 255;

/**
 * Adds the options found in one field to `options`; a code that is there already gets the value appended (RFC 3396 §5).
 * A field may end without END. Throws {@link DhcpFormatError} when a value is cut off.
 */
export function decodeOptions(field: Uint8Array, options: Options): void {
  for (let at = 0; at < field.length;) {
    const code = field[at]!;
    at += 1;
    if (code === END) return;
    if (code === PAD) continue;
    const length = field[at];
    if (length === undefined || at + 1 + length > field.length) {
      throw new DhcpFormatError(`option ${code} ends after the end of its field`);
    }
    const piece = field.slice(at + 1, at + 1 + length);
    const before = options.get(code);
    options.set(code, before === undefined ? piece : Uint8Array.from([...before, ...piece]));
    at += 1 + length;
  }
}

/** Where options may go: the options field, then "file", then "sname" when these are unused (RFC 2131 §4.1). */
export interface OptionFields {
  /** The options field, with END and, where the other fields are used, option 52. */
  readonly options: Uint8Array;
  readonly file?: Uint8Array;
  readonly serverName?: Uint8Array;
}

class Field {
  readonly bytes: number[] = [];
  readonly #room: number;

  /** @param size bytes of the field; `reserved` of them are kept back for END and option 52 */
  constructor(size: number, reserved: number) {
    this.#room = size - reserved;
  }

  /** Writes as much of the value as fits; returns what is left, undefined when the option is complete. */
  add(code: number, value: Uint8Array): Uint8Array | undefined {
    let rest = value;
    do {
      const piece = Math.min(MAX_PIECE, rest.length, this.#room - this.bytes.length - 2);
      if (piece < 0 || (piece === 0 && rest.length > 0)) return rest;
      this.bytes.push(code, piece, ...rest.subarray(0, piece));
      rest = rest.subarray(piece);
    } while (rest.length > 0);
    return undefined;
  }

  close(): Uint8Array {
    return Uint8Array.from([...this.bytes, END]);
  }
}

const OVERLOAD_FILE = 1;
const OVERLOAD_SERVER_NAME = 2;
const OVERLOAD_BYTES = 3;

/**
 * Writes options into an options field of at most `size` bytes and, when they do not fit, into the fields `spare`
 * offers, which the receiver reads in the order file, sname (RFC 3396 §5). Throws a RangeError when all that is too small.
 */
export function encodeOptions(
  options: ReadonlyMap<number, Uint8Array>,
  size: number,
  spare: { readonly file?: number; readonly serverName?: number } = {},
): OptionFields {
  for (const code of options.keys()) {
    if (!Number.isInteger(code) || code <= PAD || code >= END || code === Option.OVERLOAD) {
      throw new RangeError(`option ${code} cannot be set`);
    }
  }
  const main = new Field(size, 1 + OVERLOAD_BYTES);
  const fields = [main];
  const file = spare.file === undefined ? undefined : new Field(spare.file, 1);
  if (file) fields.push(file);
  const serverName = spare.serverName === undefined ? undefined : new Field(spare.serverName, 1);
  if (serverName) fields.push(serverName);

  let current = 0;
  for (const [code, value] of options) {
    for (let rest: Uint8Array | undefined = value; rest !== undefined;) {
      const field = fields[current];
      if (!field)
        throw new RangeError(`the options do not fit into ${size} bytes; option ${code} is the first left out`);
      rest = field.add(code, rest);
      if (rest !== undefined) current += 1;
    }
  }
  const overload = (file?.bytes.length ? OVERLOAD_FILE : 0) | (serverName?.bytes.length ? OVERLOAD_SERVER_NAME : 0);
  if (overload) main.bytes.push(Option.OVERLOAD, 1, overload);
  return {
    options: main.close(),
    ...(file?.bytes.length ? { file: file.close() } : {}),
    ...(serverName?.bytes.length ? { serverName: serverName.close() } : {}),
  };
}

/** Options inside an option: 43 and 175 in their encapsulated form, 82's sub-options (RFC 2132 §8.4, RFC 3046 §2). */
export function decodeEncapsulated(value: Uint8Array | undefined): Options | undefined {
  if (value === undefined) return undefined;
  const options: Options = new Map();
  try {
    decodeOptions(value, options);
  } catch (error) {
    if (error instanceof DhcpFormatError) return undefined;
    throw error;
  }
  return options;
}

/** Writes encapsulated options with END, as PXE firmware expects of option 43 (PXE 2.1 §2.3). At most 255 bytes. */
export function encodeEncapsulated(options: ReadonlyMap<number, Uint8Array>): Uint8Array {
  return encodeOptions(options, MAX_PIECE + OVERLOAD_BYTES).options;
}
