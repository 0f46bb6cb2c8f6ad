// Tokens of an OpenID Connect issuer, for people and for programs, renewed before they end. One renewal at a time, whoever waits for it.
import { LoginError } from "./errors.ts";
import type { Fetch } from "./transport.ts";

/** Tokens that a login gave, to be kept for the next start. */
export interface OidcTokenSet {
  readonly token: string;
  readonly refreshToken: string;
}

/** An issuer with discovery, and who asks it. */
interface OidcClient {
  /** As in the token's `iss`, e.g. "https://dex.example.org/dex". */
  readonly issuer: string;
  readonly clientId: string;
  /** The token to begin with; without it the first call gets one. */
  readonly token?: string;
  /** Sent besides, what the issuer wants to know: `scope`, `audience`, `resource`. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** Somebody's login, which is renewed: OAuth 2.0's refresh token grant (RFC 6749 §6). */
export interface OidcLogin extends OidcClient {
  readonly refreshToken: string;
  /** Of clients that can keep one; pages and command lines cannot. */
  readonly clientSecret?: string;
  /** Called after each renewal, which may end the refresh token before: keep the new ones. */
  readonly onRenewed?: (tokens: OidcTokenSet) => void;
}

/** A program that speaks for itself: OAuth 2.0's client credentials grant (RFC 6749 §4.4). */
export interface OidcProgram extends OidcClient {
  readonly clientSecret: string;
  readonly refreshToken?: never;
}

/** A login, a program, or a function that answers a token that is valid now. */
export type TokenSource = OidcLogin | OidcProgram | ((signal: AbortSignal) => string | Promise<string>);

/** Tokens are renewed this long before they end: the way to the API takes time, and clocks differ. */
const MARGIN_MS = 30_000;
const RENEWAL_TIMEOUT_MS = 60_000;

export class OidcTokens {
  readonly #renew: (signal: AbortSignal) => Promise<string>;
  #token: string | undefined;
  #renewal: Promise<string> | undefined;

  constructor(source: TokenSource, fetch: Fetch) {
    if (typeof source === "function") this.#renew = async (signal) => source(signal);
    else {
      this.#token = source.token;
      this.#renew = renewal(source, fetch);
    }
  }

  /** A token that is valid for a while. @throws {LoginError} */
  async current(signal: AbortSignal): Promise<string> {
    if (this.#token !== undefined && endOf(this.#token) - MARGIN_MS > Date.now()) return this.#token;
    // Others wait for it as well: it does not end with the call that happens to begin it.
    this.#renewal ??= this.#renew(AbortSignal.timeout(RENEWAL_TIMEOUT_MS))
      .then((token) => (this.#token = token))
      .finally(() => (this.#renewal = undefined));
    return unlessAborted(this.#renewal, signal);
  }

  /** The API does not want this token; the next one is new. */
  forget(): boolean {
    const had = this.#token !== undefined;
    this.#token = undefined;
    return had;
  }
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    promise.then(resolve, reject);
  });
}

/** When a JSON Web Token ends, in milliseconds since 1970; 0 when it does not say so. It is not verified. */
function endOf(token: string): number {
  try {
    const payload = atob(token.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/"));
    const { exp } = JSON.parse(payload) as { exp?: unknown };
    return typeof exp === "number" ? exp * 1000 : 0;
  } catch {
    return 0;
  }
}

function renewal(asking: OidcLogin | OidcProgram, fetch: Fetch): (signal: AbortSignal) => Promise<string> {
  const { issuer } = asking;
  let { refreshToken } = asking;
  let endpoint: string | undefined;
  return async (signal) => {
    endpoint ??= await tokenEndpoint(issuer, fetch, signal);
    const grant =
      refreshToken === undefined
        ? { grant_type: "client_credentials" }
        : { grant_type: "refresh_token", refresh_token: refreshToken };
    const { status, value } = await askForToken(asking, fetch, endpoint, grant, signal);
    // The API knows people by ID tokens; issuers without them give access tokens that are JSON Web Tokens as well.
    const token = value["id_token"] ?? value["access_token"];
    if (status !== 200 || typeof token !== "string") {
      const why = [value["error"], value["error_description"]].filter((part) => typeof part === "string").join(": ");
      const reason = why || `status ${status}`;
      throw new LoginError(
        refreshToken === undefined
          ? `${issuer} gives ${asking.clientId} no token (${reason})`
          : `${issuer} does not renew the login (${reason}): log in again`,
      );
    }
    if (refreshToken !== undefined && typeof value["refresh_token"] === "string") refreshToken = value["refresh_token"];
    if (asking.refreshToken !== undefined) asking.onRenewed?.({ token, refreshToken: refreshToken! });
    return token;
  };
}

/**
 * Every issuer understands a secret in the header, and some clients of it are registered to say it in the form: nothing
 * tells which, so the other way is tried when one is refused (RFC 6749 §2.3.1).
 */
async function askForToken(
  { clientId, clientSecret, parameters }: OidcLogin | OidcProgram,
  fetch: Fetch,
  endpoint: string,
  grant: Readonly<Record<string, string>>,
  signal: AbortSignal,
) {
  const form = { ...parameters, ...grant };
  if (clientSecret === undefined) return json(fetch, endpoint, signal, { ...form, client_id: clientId });
  const inHeader = await json(fetch, endpoint, signal, form, basic(clientId, clientSecret));
  if (inHeader.value["error"] !== "invalid_client") return inHeader;
  return json(fetch, endpoint, signal, { ...form, client_id: clientId, client_secret: clientSecret });
}

/** The two are form-encoded before they are put together, so that they are ASCII without a colon. */
function basic(clientId: string, clientSecret: string): Readonly<Record<string, string>> {
  const [id, secret] = [clientId, clientSecret].map((text) => new URLSearchParams([["", text]]).toString().slice(1));
  return { authorization: `Basic ${btoa(`${id}:${secret}`)}` };
}

/** Of OpenID Connect Discovery 1.0 §4: the issuer must be the one that was asked. */
async function tokenEndpoint(issuer: string, fetch: Fetch, signal: AbortSignal): Promise<string> {
  const url = `${issuer.replace(/\/+$/, "")}/.well-known/openid-configuration`;
  const { status, value } = await json(fetch, url, signal);
  const { issuer: named, token_endpoint: endpoint } = value;
  if (status !== 200 || named !== issuer || typeof endpoint !== "string")
    throw new LoginError(`${url} is no configuration of ${issuer} (status ${status})`);
  if (new URL(endpoint).protocol !== new URL(issuer).protocol)
    throw new LoginError(`${issuer} wants refresh tokens sent without encryption, to ${endpoint}`);
  return endpoint;
}

async function json(
  fetch: Fetch,
  url: string,
  signal: AbortSignal,
  form?: Readonly<Record<string, string>>,
  more: Readonly<Record<string, string>> = {},
) {
  const type = form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
  const headers = { accept: "application/json", ...type, ...more };
  const request =
    form === undefined ? { method: "GET" } : { method: "POST", body: new URLSearchParams(form).toString() };
  const { status, text } = await fetch(url, { ...request, headers, signal, redirect: "manual" }).then(
    async (answer) => ({ status: answer.status, text: await answer.text() }),
    (error: unknown) => {
      throw new LoginError(`cannot reach ${url}: ${(error as Error).message}`, { cause: error });
    },
  );
  try {
    return { status, value: (JSON.parse(text) ?? {}) as Record<string, unknown> };
  } catch {
    return { status, value: {} };
  }
}
