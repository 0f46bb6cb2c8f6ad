// How one transfer goes: which options are taken, and what to send after which acknowledgement. No sockets, no clock.
import { encodeData, encodeOptionAck } from "./packet.ts";

/** RFC 1350: without options. */
const DEFAULT_BLOCK_BYTES = 512;
/** RFC 2348 */
const MIN_BLOCK_BYTES = 8;
/** RFC 7440 allows 65 535; more than this fills socket buffers without being faster. */
const MAX_WINDOW = 64;
/** RFC 2349 §2 */
const MAX_TIMEOUT_SECONDS = 255;

export interface Terms {
  readonly blockBytes: number;
  /** Blocks sent before an acknowledgement is awaited. */
  readonly window: number;
  /** Seconds the client wants us to wait; undefined: as we like. */
  readonly timeoutSeconds: number | undefined;
  /** What the OACK says; empty: no OACK, data at once. */
  readonly accepted: ReadonlyMap<string, string>;
}

/**
 * Chooses the terms of a transfer from the client's options. A value out of range is ignored or lowered as the RFC of
 * the option allows, never an error; unknown options are ignored (RFC 2347).
 */
export function negotiate(options: ReadonlyMap<string, string>, fileBytes: number, maxBlockBytes: number): Terms {
  const accepted = new Map<string, string>();
  const wanted = (name: string, min: number, max: number): number | undefined => {
    const text = options.get(name);
    if (text === undefined || !/^\d{1,9}$/.test(text)) return undefined;
    const number = Number(text);
    return number >= min && number <= max ? number : undefined;
  };
  const block = wanted("blksize", MIN_BLOCK_BYTES, 65_464);
  const blockBytes = block === undefined ? DEFAULT_BLOCK_BYTES : Math.min(block, maxBlockBytes);
  if (block !== undefined) accepted.set("blksize", String(blockBytes));
  const windowWanted = wanted("windowsize", 1, 65_535);
  const window = Math.min(windowWanted ?? 1, MAX_WINDOW);
  if (windowWanted !== undefined) accepted.set("windowsize", String(window));
  const timeoutSeconds = wanted("timeout", 1, MAX_TIMEOUT_SECONDS);
  if (timeoutSeconds !== undefined) accepted.set("timeout", String(timeoutSeconds));
  if (options.has("tsize")) accepted.set("tsize", String(fileBytes));
  return { blockBytes, window, timeoutSeconds, accepted };
}

/** One file on its way to one client: lock-step by windows (RFC 7440; a window of 1 is RFC 1350). */
export class Sending {
  readonly #data: Uint8Array;
  readonly #terms: Terms;
  readonly #lastBlock: number;
  /** Highest block acknowledged; -1 while the OACK is not. */
  #acknowledged: number;
  /** Highest block sent. */
  #sent: number;

  constructor(data: Uint8Array, terms: Terms) {
    this.#data = data;
    this.#terms = terms;
    // A last block shorter than the others ends the transfer, so a file of full blocks gets an empty one more.
    this.#lastBlock = Math.floor(data.length / terms.blockBytes) + 1;
    this.#acknowledged = terms.accepted.size > 0 ? -1 : 0;
    this.#sent = this.#acknowledged;
  }

  get done(): boolean {
    return this.#acknowledged === this.#lastBlock;
  }

  /** Bytes the client has for sure. */
  get acknowledgedBytes(): number {
    return Math.min(this.#data.length, Math.max(0, this.#acknowledged) * this.#terms.blockBytes);
  }

  /** The packets of the current window: at the start, and again after a timeout. */
  window(): Uint8Array[] {
    if (this.#acknowledged < 0) {
      this.#sent = 0;
      return [encodeOptionAck(this.#terms.accepted)];
    }
    const first = this.#acknowledged + 1;
    const last = Math.min(this.#acknowledged + this.#terms.window, this.#lastBlock);
    this.#sent = last;
    return Array.from({ length: last - first + 1 }, (_, i) => this.#block(first + i));
  }

  /**
   * The client has everything up to this block (16 bits on the wire, they wrap around). Returns what to send now: nothing
   * for an old or foreign number, since answering duplicates doubles every later packet ("sorcerer's apprentice", RFC 1123 §4.2.3.1).
   */
  acknowledge(wireBlock: number): Uint8Array[] {
    const advance = (wireBlock - (this.#acknowledged & 0xffff) + 0x10000) & 0xffff;
    if (this.#acknowledged < 0) {
      if (wireBlock !== 0) return [];
      this.#acknowledged = 0;
    } else {
      if (advance === 0 || this.#acknowledged + advance > this.#sent) return [];
      this.#acknowledged += advance;
    }
    return this.done ? [] : this.window();
  }

  #block(number: number): Uint8Array {
    const from = (number - 1) * this.#terms.blockBytes;
    return encodeData(number & 0xffff, this.#data.subarray(from, from + this.#terms.blockBytes));
  }
}

/**
 * The path a client asks for without leading slashes; undefined when it is one that could leave a folder (`..`, a
 * backslash, control characters) or is longer than 255 bytes.
 */
export function safePath(path: string): string | undefined {
  const relative = path.replace(/^\/+/, "");
  // oxlint-disable-next-line no-control-regex -- that is what must not be in it
  if (relative === "" || relative.length > 255 || /[\\\u0000-\u001f\u007f]/.test(relative)) return undefined;
  return relative.split("/").includes("..") ? undefined : relative;
}

/** Lines as "netascii" wants them (RFC 764): LF becomes CR LF, CR becomes CR NUL. */
export function toNetascii(data: Uint8Array): Uint8Array {
  const text = Buffer.from(data).toString("latin1");
  return Buffer.from(
    text.replace(/[\r\n]/g, (c) => (c === "\n" ? "\r\n" : "\r\0")),
    "latin1",
  );
}
