// The HMAC scheme of metal-stack, shared by REST and masterdata (reference/platform-services.md 2.6).
import { createHmac, timingSafeEqual } from "node:crypto";

/** The three headers as sent. */
export interface SignedHeaders {
  readonly authorization: string | undefined;
  readonly date: string | undefined;
  readonly salt: string | undefined;
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/** The scheme of an Authorization header that has exactly two parts, else undefined. */
export function schemeOf(authorization: string | undefined): string | undefined {
  const parts = (authorization ?? "").split(" ");
  return parts.length === 2 && parts[0] !== "" ? parts[0] : undefined;
}

/**
 * Why a signature is not accepted; undefined when it is. Signed are the date, as UTC with whole seconds, the method and
 * the salt, without separators; path and body are not.
 * @param lifetimeMs how far the date may be from `now` in either direction; 0 accepts any (the original accepts any future)
 */
export function signatureRefusal(
  headers: SignedHeaders,
  method: string,
  key: string,
  lifetimeMs: number,
  now: Date,
): string | undefined {
  if (headers.date === undefined || !RFC3339.test(headers.date) || Number.isNaN(Date.parse(headers.date))) {
    return "the header X-Date is missing or not an RFC 3339 time";
  }
  const date = new Date(headers.date);
  if (lifetimeMs > 0 && Math.abs(now.getTime() - date.getTime()) > lifetimeMs) {
    return "the timestamp is too far from the server's time: check the clock, and sign anew";
  }
  const mac = createHmac("sha256", key)
    .update(date.toISOString().replace(/\.\d+Z$/, "Z"))
    .update(method)
    .update(headers.salt ?? "")
    .digest("hex");
  const [expected, given] = [Buffer.from(mac), Buffer.from(headers.authorization?.split(" ")[1] ?? "")];
  const same = given.length === expected.length && timingSafeEqual(given, expected);
  return same ? undefined : "the signature is wrong";
}
