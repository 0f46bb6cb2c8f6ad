// The HMAC that every caller must send, on top of its client certificate (reference/platform-services.md 2.6).
import { createHmac, timingSafeEqual } from "node:crypto";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { health } from "@metal-stack/protocol";
import type { Secret } from "@metal-stack/service";

const TYPE = "tmdm";
/** In place of an HTTP method. */
const METHOD = "GRPC";
const MAX_AGE_MS = 15_000;
/** Clocks differ a little; the original accepts any future time. */
const MAX_AHEAD_MS = 15_000;

const refused = (reason: string) => new ConnectError(reason, Code.Unauthenticated);

/** Throws UNAUTHENTICATED unless the headers carry a fresh, correct HMAC. */
export function checkHmac(key: Secret, headers: Headers, now: number): void {
  const [type, mac] = (headers.get("authorization") ?? "").split(" ");
  if (type !== TYPE || !mac) throw refused(`send an Authorization header of the form "${TYPE} <mac>"`);
  const date = headers.get("x-date") ?? "";
  const age = now - Date.parse(date);
  if (!(age <= MAX_AGE_MS && age >= -MAX_AHEAD_MS))
    throw refused(`the X-Date header must be within ${MAX_AGE_MS / 1000} s of now`);
  const wanted = createHmac("sha256", key.reveal())
    .update(date)
    .update(METHOD)
    .update(headers.get("x-data-salt") ?? "")
    .digest();
  const given = Buffer.from(mac, "hex");
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw refused("the HMAC is wrong");
}

/** Guards every service but health. */
export function hmacInterceptor(key: Secret): Interceptor {
  return (next) => (request) => {
    if (request.service.typeName !== health.Health.typeName) checkHmac(key, request.header, Date.now());
    return next(request);
  };
}
