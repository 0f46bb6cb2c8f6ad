// The public keys of one issuer: found by discovery, fetched again in time and for a key that is not known yet. Once
// fetched they go on working while the issuer is away.
import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from "jose";
import type { Issuer } from "./settings.ts";

const TIMEOUT_MS = 10_000;
const MAX_DOCUMENT_BYTES = 256 * 1024;
/** The same as the original's for dex. */
const REFRESH_MS = 10 * 60_000;
/** However many unknown keys are asked for, the issuer hears of it once in this time. */
const COOLDOWN_MS = 5_000;

/** A connection that was kept may be closed at the very moment it is used again: that says nothing of the issuer. */
async function fetchTwice(url: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    return fetch(url, options);
  }
}

export class IssuerKeys {
  readonly #issuer: Issuer;
  #set: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined;
  #failedUntil = 0;
  #failure: unknown;
  #refresh = performance.now() + REFRESH_MS;

  constructor(issuer: Issuer) {
    this.#issuer = issuer;
  }

  /** For jose. @throws what fetching threw, when there are no keys yet */
  readonly get: JWTVerifyGetKey = async (header, token) => {
    const set = await this.#found();
    if (performance.now() > this.#refresh) {
      this.#refresh = performance.now() + REFRESH_MS;
      set.reload().catch(() => undefined);
    }
    return set(header, token);
  };

  #found(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    if (this.#set) return this.#set;
    if (performance.now() < this.#failedUntil) return Promise.reject(this.#failure);
    const options = {
      timeoutDuration: TIMEOUT_MS,
      cooldownDuration: COOLDOWN_MS,
      cacheMaxAge: Infinity,
      [customFetch]: fetchTwice,
    };
    const found = (async () => createRemoteJWKSet(await this.#keysUrl(), options))();
    this.#set = found;
    found.catch((error: unknown) => {
      this.#set = undefined;
      this.#failure = error;
      this.#failedUntil = performance.now() + COOLDOWN_MS;
    });
    return found;
  }

  /** OpenID Connect Discovery 1.0 §4. */
  async #keysUrl(): Promise<URL> {
    const { issuer, keysUrl } = this.#issuer;
    if (keysUrl !== undefined) return new URL(keysUrl);
    const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const response = await fetchTwice(url, { signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error" });
    if (!response.ok) throw new Error(`${url} answers with status ${response.status}`);
    const text = await response.text();
    if (text.length > MAX_DOCUMENT_BYTES) throw new Error(`${url} answers with more than ${MAX_DOCUMENT_BYTES} bytes`);
    const found = JSON.parse(text) as { issuer?: unknown; jwks_uri?: unknown };
    if (found.issuer !== issuer) throw new Error(`${url} speaks for ${String(found.issuer)}, not for ${issuer}`);
    return new URL(String(found.jwks_uri));
  }
}
