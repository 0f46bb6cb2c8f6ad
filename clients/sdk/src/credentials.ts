// Who asks: an HMAC key, a token, or an OIDC login that renews its tokens.
import { OidcTokens, type TokenSource } from "./oidc.ts";
import type { Fetch } from "./transport.ts";

export interface HmacKey {
  /** The role: "Metal-View", "Metal-Edit" or "Metal-Admin". */
  readonly type: string;
  readonly key: string;
}

/** One of these, or none: then only health and version answer. */
export type Credentials =
  | { readonly hmac: HmacKey; readonly token?: never; readonly oidc?: never }
  | { readonly token: string; readonly hmac?: never; readonly oidc?: never }
  | { readonly oidc: TokenSource; readonly hmac?: never; readonly token?: never }
  | { readonly hmac?: never; readonly token?: never; readonly oidc?: never };

export interface Authorization {
  /** The headers that prove who sends a request of this method. */
  headers(method: string, signal: AbortSignal): Promise<Record<string, string>>;
  /** The API did not know the credentials; true when others can be had. */
  renew?(): boolean;
}

export function authorizationBy({ hmac, token, oidc }: Credentials, fetch: Fetch): Authorization {
  if (hmac) return { headers: (method) => hmacHeaders(hmac.type, hmac.key, method) };
  if (oidc) {
    const tokens = new OidcTokens(oidc, fetch);
    return {
      headers: async (_, signal) => ({ authorization: `Bearer ${await tokens.current(signal)}` }),
      renew: () => tokens.forget(),
    };
  }
  return { headers: async () => (token ? { authorization: `Bearer ${token}` } : {}) };
}

const SALT_BYTES = 12;
const encoder = new TextEncoder();

/**
 * The three headers of the HMAC scheme (reference/api-resources.md 4.1): they cover date, method and salt only.
 * @throws Error in a browser page that was not loaded by https or from localhost: it has no cryptography
 */
export async function hmacHeaders(
  type: string,
  key: string,
  method: string,
  now: Date = new Date(),
): Promise<Record<string, string>> {
  const subtle = globalThis.crypto.subtle as typeof globalThis.crypto.subtle | undefined;
  if (!subtle) throw new Error("HMAC needs Web Crypto, which browsers have only on pages loaded by https");
  const date = now.toISOString().replace(/\.\d+Z$/, "Z");
  const salt = hex(globalThis.crypto.getRandomValues(new Uint8Array(SALT_BYTES)));
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await subtle.importKey("raw", encoder.encode(key), algorithm, false, ["sign"]);
  const mac = await subtle.sign("HMAC", imported, encoder.encode(date + method + salt));
  return { authorization: `${type} ${hex(new Uint8Array(mac))}`, "x-date": date, "x-data-salt": salt };
}

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
