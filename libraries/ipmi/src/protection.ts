import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { CipherSuite } from "./cipher-suites.ts";
import { encodeRmcp, encodeV2, type V2Packet } from "./packet.ts";

/** Keys of one session, derived from its session integrity key (§13.32). */
export interface SessionKeys {
  readonly suite: CipherSuite;
  readonly integrity: Buffer;
  readonly encryption: Buffer;
}

const AES_BLOCK = 16;
/** Constants 1 and 2 are twenty bytes of their number, whatever the hash (§13.32). */
const KEY_CONSTANT_LENGTH = 20;
const TRAILER_PAD = 0xff;
const NEXT_HEADER = 0x07;

export function deriveSessionKeys(suite: CipherSuite, sessionIntegrityKey: Buffer): SessionKeys {
  const key = (constant: number) =>
    createHmac(suite.hash, sessionIntegrityKey).update(Buffer.alloc(KEY_CONSTANT_LENGTH, constant)).digest();
  return { suite, integrity: key(1), encryption: key(2).subarray(0, AES_BLOCK) };
}

/** Encrypts the payload (AES-CBC-128, §13.29) and authenticates the packet (§13.28.4). */
export function sealPacket(
  keys: SessionKeys,
  header: { readonly payloadType: number; readonly sessionId: number; readonly sequence: number },
  payload: Buffer,
): Buffer {
  const packet = encodeV2({ ...header, encrypted: true, authenticated: true }, encrypt(keys.encryption, payload));
  // Pad so that everything the code covers is a multiple of four bytes; pad length and next header count too.
  const padLength = -(packet.length + 2) & 3;
  const covered = Buffer.concat([packet, Buffer.alloc(padLength, TRAILER_PAD), Buffer.of(padLength, NEXT_HEADER)]);
  return encodeRmcp(Buffer.concat([covered, authenticationCode(keys, covered)]));
}

/** The payload in clear, or undefined when the packet is not from who holds the keys. */
export function openPacket(keys: SessionKeys, packet: V2Packet): Buffer | undefined {
  if (!packet.authenticated || !packet.encrypted) return undefined;
  const end = packet.session.length - keys.suite.codeLength;
  if (end <= 0) return undefined;
  const code = authenticationCode(keys, packet.session.subarray(0, end));
  if (!timingSafeEqual(code, packet.session.subarray(end))) return undefined;
  return decrypt(keys.encryption, packet.payload);
}

function authenticationCode(keys: SessionKeys, covered: Buffer): Buffer {
  return createHmac(keys.suite.hash, keys.integrity).update(covered).digest().subarray(0, keys.suite.codeLength);
}

function encrypt(key: Buffer, payload: Buffer): Buffer {
  const padLength = -(payload.length + 1) & (AES_BLOCK - 1);
  const pad = Buffer.from(Array.from({ length: padLength }, (_, index) => index + 1));
  const vector = randomBytes(AES_BLOCK);
  const cipher = createCipheriv("aes-128-cbc", key, vector).setAutoPadding(false);
  return Buffer.concat([vector, cipher.update(payload), cipher.update(pad), cipher.update(Buffer.of(padLength))]);
}

function decrypt(key: Buffer, payload: Buffer): Buffer | undefined {
  if (payload.length < 2 * AES_BLOCK || payload.length % AES_BLOCK !== 0) return undefined;
  const decipher = createDecipheriv("aes-128-cbc", key, payload.subarray(0, AES_BLOCK)).setAutoPadding(false);
  const clear = Buffer.concat([decipher.update(payload.subarray(AES_BLOCK)), decipher.final()]);
  const length = clear.length - 1 - clear.at(-1)!;
  return length < 0 ? undefined : clear.subarray(0, length);
}
