// A key pair and a request to certify it (PKCS #10, RFC 2986). It has one fixed shape, so we write its DER ourselves:
// a general X.509 library would cost half a second at every boot.
import { createPrivateKey, generateKeyPair, sign } from "node:crypto";
import { promisify } from "node:util";

export interface SigningRequest {
  /** PKCS #10, DER. */
  readonly csr: Uint8Array;
  /** PKCS #8, PEM; never leaves this machine. */
  readonly privateKey: string;
}

/** DER tags (X.690 §8). */
const TAG = {
  integer: 0x02,
  bitString: 0x03,
  oid: 0x06,
  utf8: 0x0c,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
} as const;
/** 2.5.4.3 (RFC 5280 appendix A) and 1.2.840.10045.4.3.2 (RFC 5758 §3.2). */
const COMMON_NAME = Buffer.from("550403", "hex");
const ECDSA_WITH_SHA256 = Buffer.from("2a8648ce3d040302", "hex");

function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

/** A new P-256 key, and a request to certify it. The name is only what people read: the issuer sets the identity. */
export async function createSigningRequest(machineId: string): Promise<SigningRequest> {
  const keys = await promisify(generateKeyPair)("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "der" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const name = der(TAG.set, der(TAG.sequence, der(TAG.oid, COMMON_NAME), der(TAG.utf8, Buffer.from(machineId))));
  const information = der(
    TAG.sequence,
    der(TAG.integer, Buffer.from([0])),
    der(TAG.sequence, name),
    keys.publicKey,
    der(TAG.context0),
  );
  const signature = sign("sha256", information, createPrivateKey(keys.privateKey));
  const csr = der(
    TAG.sequence,
    information,
    der(TAG.sequence, der(TAG.oid, ECDSA_WITH_SHA256)),
    der(TAG.bitString, Buffer.from([0]), signature),
  );
  return { csr: new Uint8Array(csr), privateKey: keys.privateKey };
}
