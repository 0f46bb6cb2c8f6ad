// The serial framing between QEMU's `ipmi-bmc-extern` device and a BMC outside of QEMU (QEMU: hw/ipmi/ipmi_bmc_extern.c):
// messages end with 0xa0, hardware operations with 0xa1, and these bytes and the escape 0xaa itself are escaped.
import { checksum, type IpmiRequest, type IpmiResponse } from "./message.ts";

const MESSAGE_END = 0xa0;
const OPERATION_END = 0xa1;
const ESCAPE = 0xaa;
const ESCAPED = 0x10;
/** IPMI messages over KCS are far shorter. */
const MAX_FRAME = 512;
/** seq, netFn/LUN, command, checksum. */
const MIN_MESSAGE = 4;

const OPERATION_VERSION = 0xff;
const PROTOCOL_VERSION = 0x01;
const OPERATION_CAPABILITIES = 0x08;
/** Power, reset, IRQ, NMI, attention, graceful shutdown: all that QEMU knows. */
const ALL_CAPABILITIES = 0x3f;

/** A request of the guest, over KCS. */
export interface GuestRequest extends IpmiRequest {
  readonly sequence: number;
  readonly lun: number;
}

/** What the BMC says when QEMU connects. */
export const EXTERN_GREETING: Buffer = Buffer.concat([
  frame([OPERATION_VERSION, PROTOCOL_VERSION], OPERATION_END),
  frame([OPERATION_CAPABILITIES, ALL_CAPABILITIES], OPERATION_END),
]);

export function encodeGuestResponse(request: GuestRequest, response: IpmiResponse): Buffer {
  const bytes = [
    request.sequence,
    ((request.netFn | 1) << 2) | request.lun,
    request.command,
    response.completionCode,
    ...response.data,
  ];
  return frame([...bytes, checksum(Buffer.from(bytes))], MESSAGE_END);
}

/** QEMU's side, for tests and tools. */
export function encodeGuestRequest(request: GuestRequest): Buffer {
  const bytes = [request.sequence, (request.netFn << 2) | request.lun, request.command, ...request.data];
  return frame([...bytes, checksum(Buffer.from(bytes))], MESSAGE_END);
}

function frame(bytes: readonly number[], end: number): Buffer {
  const escaped = bytes.flatMap((byte) =>
    byte === MESSAGE_END || byte === OPERATION_END || byte === ESCAPE ? [ESCAPE, byte | ESCAPED] : [byte],
  );
  return Buffer.from([...escaped, end]);
}

/** Finds the guest's requests in the byte stream; frames with a wrong checksum, oversized ones and operations are dropped. */
export class GuestRequestReader {
  #frame: number[] = [];
  #escaping = false;
  #overflow = false;

  read(bytes: Uint8Array): GuestRequest[] {
    const requests: GuestRequest[] = [];
    for (const byte of bytes) {
      if (byte === MESSAGE_END || byte === OPERATION_END) {
        const request = byte === MESSAGE_END && !this.#overflow ? parse(Buffer.from(this.#frame)) : undefined;
        if (request) requests.push(request);
        this.#frame = [];
        this.#escaping = false;
        this.#overflow = false;
      } else if (byte === ESCAPE) {
        this.#escaping = true;
      } else {
        if (this.#frame.length >= MAX_FRAME) this.#overflow = true;
        else this.#frame.push(this.#escaping ? byte & ~ESCAPED : byte);
        this.#escaping = false;
      }
    }
    return requests;
  }
}

function parse(bytes: Buffer): GuestRequest | undefined {
  if (bytes.length < MIN_MESSAGE || checksum(bytes) !== 0) return undefined;
  return {
    sequence: bytes[0]!,
    netFn: bytes[1]! >> 2,
    lun: bytes[1]! & 0x03,
    command: bytes[2]!,
    data: bytes.subarray(3, -1),
  };
}
