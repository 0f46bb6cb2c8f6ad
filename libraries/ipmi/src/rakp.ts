// Session set-up of RMCP+ (§13.17-13.24): Open Session, then the RAKP key exchange. Payload codecs and the four codes.
import { createHmac } from "node:crypto";
import type { Algorithms, CipherSuite } from "./cipher-suites.ts";
import { USER_NAME_LENGTH } from "./constants.ts";

export const RANDOM_LENGTH = 16;
const GUID_LENGTH = 16;
const OPEN_REQUEST_LENGTH = 32;
const OPEN_RESPONSE_LENGTH = 36;
const RAKP_1_LENGTH = 28;
const RAKP_2_LENGTH = 40;
const RAKP_HEADER = 8;

export interface OpenSessionRequest {
  readonly tag: number;
  readonly privilege: number;
  readonly consoleSessionId: number;
  readonly algorithms: Algorithms;
}

export interface OpenSessionResponse {
  readonly tag: number;
  readonly status: number;
  readonly privilege: number;
  readonly consoleSessionId: number;
  readonly bmcSessionId: number;
}

export function encodeOpenRequest(request: OpenSessionRequest): Buffer {
  const bytes = Buffer.alloc(8);
  bytes[0] = request.tag;
  bytes[1] = request.privilege;
  bytes.writeUInt32LE(request.consoleSessionId, 4);
  return Buffer.concat([bytes, encodeAlgorithms(request.algorithms)]);
}

export function decodeOpenRequest(bytes: Buffer): OpenSessionRequest | undefined {
  if (bytes.length < OPEN_REQUEST_LENGTH) return undefined;
  return {
    tag: bytes[0]!,
    privilege: bytes[1]! & 0x0f,
    consoleSessionId: bytes.readUInt32LE(4),
    algorithms: decodeAlgorithms(bytes.subarray(8)),
  };
}

/** With a status other than 0 the answer ends after the console's session id. */
export function encodeOpenResponse(response: OpenSessionResponse, algorithms: Algorithms): Buffer {
  const bytes = Buffer.alloc(12);
  bytes[0] = response.tag;
  bytes[1] = response.status;
  bytes[2] = response.privilege;
  bytes.writeUInt32LE(response.consoleSessionId, 4);
  bytes.writeUInt32LE(response.bmcSessionId, 8);
  if (response.status !== 0) return bytes.subarray(0, 8);
  return Buffer.concat([bytes, encodeAlgorithms(algorithms)]);
}

export function decodeOpenResponse(bytes: Buffer): OpenSessionResponse | undefined {
  const refusal = decodeRefusal(bytes);
  if (refusal) return { ...refusal, privilege: 0, bmcSessionId: 0, consoleSessionId: refusal.sessionId };
  if (bytes.length < OPEN_RESPONSE_LENGTH) return undefined;
  return {
    tag: bytes[0]!,
    status: bytes[1]!,
    privilege: bytes[2]! & 0x0f,
    consoleSessionId: bytes.readUInt32LE(4),
    bmcSessionId: bytes.readUInt32LE(8),
  };
}

/**
 * A status other than 0. The session id should follow it, but OpenIPMI's simulator and some BMCs stop short:
 * then it reads as 0, and only the tag tells whose refusal it is.
 */
function decodeRefusal(bytes: Buffer): { tag: number; status: number; sessionId: number } | undefined {
  if (bytes.length < 2 || bytes[1] === 0) return undefined;
  return { tag: bytes[0]!, status: bytes[1]!, sessionId: bytes.length < RAKP_HEADER ? 0 : bytes.readUInt32LE(4) };
}

function encodeAlgorithms(algorithms: Algorithms): Buffer {
  const numbers = [algorithms.authentication, algorithms.integrity, algorithms.confidentiality];
  return Buffer.from(numbers.flatMap((number, kind) => [kind, 0, 0, 8, number, 0, 0, 0]));
}

function decodeAlgorithms(bytes: Buffer): Algorithms {
  return {
    authentication: bytes[4]! & 0x3f,
    integrity: bytes[12]! & 0x3f,
    confidentiality: bytes[20]! & 0x3f,
  };
}

export interface Rakp1 {
  readonly tag: number;
  readonly bmcSessionId: number;
  readonly consoleRandom: Buffer;
  /** The privilege asked for, and bit 4, "look up by name only", as one byte: it goes into the codes as it is. */
  readonly role: number;
  readonly user: string;
}

export function encodeRakp1(message: Rakp1): Buffer {
  const name = Buffer.from(message.user, "latin1");
  const bytes = Buffer.alloc(RAKP_1_LENGTH);
  bytes[0] = message.tag;
  bytes.writeUInt32LE(message.bmcSessionId, 4);
  message.consoleRandom.copy(bytes, 8);
  bytes[24] = message.role;
  bytes[27] = name.length;
  return Buffer.concat([bytes, name]);
}

export function decodeRakp1(bytes: Buffer): Rakp1 | undefined {
  if (bytes.length < RAKP_1_LENGTH) return undefined;
  const nameLength = bytes[27]!;
  if (nameLength > USER_NAME_LENGTH || bytes.length < RAKP_1_LENGTH + nameLength) return undefined;
  return {
    tag: bytes[0]!,
    bmcSessionId: bytes.readUInt32LE(4),
    consoleRandom: Buffer.from(bytes.subarray(8, 8 + RANDOM_LENGTH)),
    role: bytes[24]!,
    user: bytes.toString("latin1", RAKP_1_LENGTH, RAKP_1_LENGTH + nameLength),
  };
}

/** RAKP 2, 3 and 4 share a head: tag, status, the receiver's session id. The rest follows as `body`. */
export interface RakpMessage {
  readonly tag: number;
  readonly status: number;
  readonly sessionId: number;
  readonly body: Buffer;
}

export function encodeRakp(message: RakpMessage): Buffer {
  const head = Buffer.alloc(RAKP_HEADER);
  head[0] = message.tag;
  head[1] = message.status;
  head.writeUInt32LE(message.sessionId, 4);
  return Buffer.concat([head, message.body]);
}

export function decodeRakp(bytes: Buffer): RakpMessage | undefined {
  const refusal = decodeRefusal(bytes);
  if (refusal) return { ...refusal, body: bytes.subarray(bytes.length) };
  if (bytes.length < RAKP_HEADER) return undefined;
  return {
    tag: bytes[0]!,
    status: bytes[1]!,
    sessionId: bytes.readUInt32LE(4),
    body: bytes.subarray(RAKP_HEADER),
  };
}

/** What RAKP 2 carries when all is well. */
export function decodeRakp2Body(body: Buffer): { bmcRandom: Buffer; guid: Buffer; code: Buffer } | undefined {
  if (body.length < RAKP_2_LENGTH - RAKP_HEADER) return undefined;
  return {
    bmcRandom: Buffer.from(body.subarray(0, RANDOM_LENGTH)),
    guid: Buffer.from(body.subarray(RANDOM_LENGTH, RANDOM_LENGTH + GUID_LENGTH)),
    code: body.subarray(RANDOM_LENGTH + GUID_LENGTH),
  };
}

/** What both ends know after RAKP 2. */
export interface KeyExchange {
  readonly suite: CipherSuite;
  readonly user: string;
  readonly role: number;
  readonly consoleSessionId: number;
  readonly bmcSessionId: number;
  readonly consoleRandom: Buffer;
  readonly bmcRandom: Buffer;
  /** As on the wire. */
  readonly guid: Buffer;
}

/** The codes of RAKP 2, 3 and 4 and the session integrity key (§13.31); no Kg key, so the password is both keys. */
export function keyExchangeCodes(exchange: KeyExchange, password: Buffer) {
  const { suite, consoleRandom, bmcRandom, guid } = exchange;
  const consoleId = uint32(exchange.consoleSessionId);
  const bmcId = uint32(exchange.bmcSessionId);
  const name = Buffer.from(exchange.user, "latin1");
  const who = Buffer.concat([Buffer.of(exchange.role, name.length), name]);
  const hmac = (key: Buffer, parts: Buffer[]) => createHmac(suite.hash, key).update(Buffer.concat(parts)).digest();
  const sessionIntegrityKey = hmac(password, [consoleRandom, bmcRandom, who]);
  return {
    rakp2: hmac(password, [consoleId, bmcId, consoleRandom, bmcRandom, guid, who]),
    rakp3: hmac(password, [bmcRandom, consoleId, who]),
    rakp4: hmac(sessionIntegrityKey, [consoleRandom, bmcId, guid]).subarray(0, suite.codeLength),
    sessionIntegrityKey,
  };
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
