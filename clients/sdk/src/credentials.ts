// Who asks: an HMAC key, a token, or an OIDC login that renews its tokens.
import { OidcTokens, type TokenSource } from "./oidc.ts";
import type { Fetch } from "./transport.ts";
import { hmacSha256, randomHex } from "#platform";

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

/**
 * The three headers of the HMAC scheme (reference/api-resources.md 4.1): they cover date, method and salt only.
 * @throws Error in a browser page that was not loaded by https or from localhost: it has no cryptography
 * @example
 * ```ts
 * import { hmacHeaders } from "@metal-stack/sdk";
 *
 * const headers = await hmacHeaders("Metal-Admin", process.env["METAL_HMAC"]!, "GET");
 * const answer = await fetch(`${process.env["METAL_URL"]}/v1/user/me`, { headers });
 * console.log(answer.status); // → 200
 * ```
 */
export async function hmacHeaders(
  type: string,
  key: string,
  method: string,
  now: Date = new Date(),
): Promise<Record<string, string>> {
  const date = now.toISOString().replace(/\.\d+Z$/, "Z");
  const salt = randomHex(SALT_BYTES);
  const mac = await hmacSha256(key, date + method + salt);
  return { authorization: `${type} ${mac}`, "x-date": date, "x-data-salt": salt };
}
