// TFTP packets as bytes (RFC 1350 §5, options RFC 2347).

export const Opcode = { RRQ: 1, WRQ: 2, DATA: 3, ACK: 4, ERROR: 5, OACK: 6 } as const;

/** RFC 1350 §5 and RFC 2347 (8). */
export const ErrorCode = {
  UNDEFINED: 0,
  NOT_FOUND: 1,
  ACCESS_VIOLATION: 2,
  ILLEGAL_OPERATION: 4,
  OPTION_REFUSED: 8,
} as const;

/** RFC 2347 says a request is at most 512 bytes. */
const MAX_REQUEST_BYTES = 512;
const MAX_OPTIONS = 16;
const MAX_ERROR_TEXT = 128;

export interface ReadRequest {
  readonly opcode: typeof Opcode.RRQ;
  /** As sent, Latin-1. */
  readonly path: string;
  readonly mode: "octet" | "netascii";
  /** Names in lower case; the first of a repeated name counts. */
  readonly options: ReadonlyMap<string, string>;
}

interface Ack {
  readonly opcode: typeof Opcode.ACK;
  readonly block: number;
}

interface ErrorPacket {
  readonly opcode: typeof Opcode.ERROR;
  readonly code: number;
  readonly message: string;
}

/** What a client may send to a server that only reads. */
export type ClientPacket = ReadRequest | Ack | ErrorPacket | { readonly opcode: typeof Opcode.WRQ };

/** Reads what a client sent; undefined when it is nothing a client sends. Any input ends. */
export function decodeClientPacket(bytes: Uint8Array): ClientPacket | undefined {
  if (bytes.length < 4 || bytes.length > MAX_REQUEST_BYTES) return undefined;
  const opcode = uint16(bytes, 0);
  switch (opcode) {
    case Opcode.RRQ:
      return readRequest(bytes);
    case Opcode.WRQ:
      return { opcode };
    case Opcode.ACK:
      return { opcode, block: uint16(bytes, 2) };
    case Opcode.ERROR: {
      const message = Buffer.from(bytes.subarray(4)).toString("latin1").split("\0")[0]!;
      return { opcode, code: uint16(bytes, 2), message: message.slice(0, MAX_ERROR_TEXT) };
    }
    default:
      return undefined;
  }
}

function readRequest(bytes: Uint8Array): ReadRequest | undefined {
  if (bytes[bytes.length - 1] !== 0) return undefined;
  const [path = "", mode = "", ...rest] = Buffer.from(bytes.subarray(2, -1)).toString("latin1").split("\0");
  const lowerMode = mode.toLowerCase();
  if (path === "" || (lowerMode !== "octet" && lowerMode !== "netascii")) return undefined;
  const options = new Map<string, string>();
  for (let i = 0; i + 1 < rest.length && options.size < MAX_OPTIONS; i += 2) {
    const name = rest[i]!.toLowerCase();
    if (name !== "" && !options.has(name)) options.set(name, rest[i + 1]!);
  }
  return { opcode: Opcode.RRQ, path, mode: lowerMode, options };
}

export function encodeData(block: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + data.length);
  bytes.set([0, Opcode.DATA, block >>> 8, block & 0xff]);
  bytes.set(data, 4);
  return bytes;
}

export function encodeError(code: number, message: string): Uint8Array {
  return Buffer.concat([
    Uint8Array.of(0, Opcode.ERROR, code >>> 8, code & 0xff),
    Buffer.from(`${message}\0`, "latin1"),
  ]);
}

/** The server's answer to the options it takes. */
export function encodeOptionAck(options: ReadonlyMap<string, string>): Uint8Array {
  const text = [...options].map(([name, value]) => `${name}\0${value}\0`).join("");
  return Buffer.concat([Uint8Array.of(0, Opcode.OACK), Buffer.from(text, "latin1")]);
}

function uint16(bytes: Uint8Array, at: number): number {
  return bytes[at]! * 256 + bytes[at + 1]!;
}
