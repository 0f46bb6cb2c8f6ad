import "./reflection.ts";
import { Pkcs10CertificateRequest, type PublicKey } from "@peculiar/x509";

/** A P-256 request is about 250 bytes; what it asks for in extensions is ignored anyway. */
const MAX_BYTES = 4096;

/** A signing request is not one we sign. The message says why and holds nothing of the request. */
export class SigningRequestError extends Error {
  override readonly name = "SigningRequestError";
}

/**
 * The public key of a PKCS #10 request (DER) that proves possession of its private key. Only P-256; subject and
 * extensions are ignored. Throws {@link SigningRequestError}.
 */
export async function keyOfSigningRequest(der: Uint8Array): Promise<PublicKey> {
  if (der.length > MAX_BYTES) throw new SigningRequestError(`the signing request is longer than ${MAX_BYTES} bytes`);
  const { request, algorithm } = parse(der);
  if (algorithm.name !== "ECDSA" || algorithm.namedCurve !== "P-256")
    throw new SigningRequestError("the signing request must be for a P-256 key");
  const proven = await request.verify().catch(() => false);
  if (!proven) throw new SigningRequestError("the signing request is not signed by its own key");
  return request.publicKey;
}

function parse(der: Uint8Array) {
  try {
    const request = new Pkcs10CertificateRequest(new Uint8Array(der));
    return { request, algorithm: request.publicKey.algorithm as { name?: string; namedCurve?: string } };
  } catch {
    throw new SigningRequestError("the signing request is not PKCS #10 in DER");
  }
}
