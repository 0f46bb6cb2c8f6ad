// The IPMI message as it travels over LAN (§13.8): addresses, checksums, sequence number, command, data.

/** The BMC's slave address and the remote console's software id (§5.5). */
const BMC_ADDRESS = 0x20;
const CONSOLE_ADDRESS = 0x81;
/** rsAddr, netFn/LUN, checksum, rqAddr, seq/LUN, cmd, checksum. */
const MIN_REQUEST = 7;
const MIN_RESPONSE = 8;

export interface IpmiRequest {
  readonly netFn: number;
  readonly command: number;
  readonly data: Buffer;
}

export interface IpmiResponse {
  readonly completionCode: number;
  readonly data: Buffer;
}

/** A request with what its answer has to repeat: 6 bits of sequence number, and the requester's address and LUN. */
export interface LanRequest extends IpmiRequest {
  readonly sequence: number;
  readonly requesterAddress: number;
  readonly requesterLun: number;
}

export interface LanResponse extends IpmiResponse {
  readonly netFn: number;
  readonly command: number;
  readonly sequence: number;
}

/** Two's complement of the sum of all bytes: with it they add up to 0 modulo 256. */
export function checksum(bytes: Uint8Array): number {
  return -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
}

export function encodeRequest(request: IpmiRequest & { readonly sequence: number }): Buffer {
  return frame(
    [BMC_ADDRESS, request.netFn << 2],
    [CONSOLE_ADDRESS, request.sequence << 2, request.command],
    request.data,
  );
}

export function encodeResponse(request: LanRequest, response: IpmiResponse): Buffer {
  return frame(
    [request.requesterAddress, ((request.netFn | 1) << 2) | request.requesterLun],
    [BMC_ADDRESS, request.sequence << 2, request.command, response.completionCode],
    response.data,
  );
}

function frame(head: number[], body: number[], data: Buffer): Buffer {
  const first = Buffer.from(head);
  const rest = Buffer.concat([Buffer.from(body), data]);
  return Buffer.concat([first, Buffer.of(checksum(first)), rest, Buffer.of(checksum(rest))]);
}

/** Undefined unless both checksums are right and the message is a request. */
export function decodeRequest(bytes: Buffer): LanRequest | undefined {
  if (bytes.length < MIN_REQUEST || !checksumsMatch(bytes)) return undefined;
  const netFn = bytes[1]! >> 2;
  if (netFn & 1) return undefined;
  return {
    netFn,
    requesterAddress: bytes[3]!,
    requesterLun: bytes[4]! & 0x03,
    sequence: bytes[4]! >> 2,
    command: bytes[5]!,
    data: bytes.subarray(6, -1),
  };
}

/** Undefined unless both checksums are right and the message is a response. `netFn` is the request's. */
export function decodeResponse(bytes: Buffer): LanResponse | undefined {
  if (bytes.length < MIN_RESPONSE || !checksumsMatch(bytes)) return undefined;
  const netFn = bytes[1]! >> 2;
  if (!(netFn & 1)) return undefined;
  return {
    netFn: netFn & ~1,
    sequence: bytes[4]! >> 2,
    command: bytes[5]!,
    completionCode: bytes[6]!,
    data: bytes.subarray(7, -1),
  };
}

function checksumsMatch(bytes: Buffer): boolean {
  return checksum(bytes.subarray(0, 3)) === 0 && checksum(bytes.subarray(3)) === 0;
}
