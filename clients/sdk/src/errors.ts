// What can go wrong with a call. Three classes, so that a program can tell "it said no" from "nobody answered".

interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly reasons?: readonly string[];
  readonly requestId?: string;
  readonly body?: unknown;
}

/**
 * The API refused: it was reached, and nothing was done unless the status is 500 or more.
 * @example
 * ```ts
 * import { MetalError } from "@metal-stack/sdk";
 * import { client } from "./client.ts";
 *
 * try {
 *   await client.machine.get("no-such");
 * } catch (error) {
 *   if (!(error instanceof MetalError)) throw error;
 *   console.log(error.status, error.message, error.requestId); // → 404
 * }
 * ```
 */
export class MetalError extends Error {
  override readonly name = "MetalError";
  /** HTTP's, from 400. */
  readonly status: number;
  /** Why each candidate was refused, when there were several. */
  readonly reasons: readonly string[];
  /** By which the API's log knows the request; undefined when the answer has none. */
  readonly requestId: string | undefined;
  /** The answer's: what its JSON says, or its text. An unhealthy API's is a `RestHealthResponse`. */
  readonly body: unknown;

  constructor({ status, message, reasons = [], requestId, body }: Refusal) {
    super(message);
    this.status = status;
    this.reasons = reasons;
    this.requestId = requestId;
    this.body = body;
  }
}

/**
 * The API could not be reached, or what answered does not speak JSON. Whether something was done is unknown.
 * @example
 * ```ts
 * import { createClient, NetworkError } from "@metal-stack/sdk";
 *
 * const client = createClient({ url: "http://127.0.0.1:1", retries: 0 });
 * await client.version.info().catch((error: unknown) => {
 *   if (error instanceof NetworkError) console.log("nobody there:", error.message); // → nobody there
 * });
 * ```
 */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
}

/**
 * There was no answer in time. Whether something was done is unknown.
 * @example
 * ```ts
 * import { TimeoutError } from "@metal-stack/sdk";
 * import { client } from "./client.ts";
 *
 * const [machine] = await client.machine.list();
 * await client.machine.waitFor(machine!, "installed", { timeout: 100, interval: 50 }).catch((error: unknown) => {
 *   if (error instanceof TimeoutError) console.log(error.message); // → is not installed after 0.1 s
 * });
 * ```
 */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
}

/**
 * The issuer of tokens gave none; somebody has to log in again, or the issuer is away.
 * @example
 * ```ts
 * import { createClient, LoginError } from "@metal-stack/sdk";
 *
 * const client = createClient({
 *   url: process.env["METAL_URL"]!,
 *   oidc: { issuer: process.env["METAL_ISSUER"]!, clientId: "nightly", clientSecret: "forgotten" },
 * });
 * await client.user.getMe().catch((error: unknown) => {
 *   if (error instanceof LoginError) console.log(error.message); // → gives nightly no token
 * });
 * ```
 */
export class LoginError extends Error {
  override readonly name = "LoginError";
}

/** Enough of a strange answer to recognise a proxy's error page. */
const MAX_FOREIGN_TEXT = 500;

/**
 * The error that an answer of status 400 or more stands for. The API's are JSON strings that hold a JSON object
 * (reference/api-resources.md 2.5); plain objects, bare strings and other texts are understood as well.
 */
export function refusalOf(status: number, text: string, requestId: string | undefined): MetalError {
  const once = parsed(text);
  const body = typeof once === "string" ? (parsed(once) ?? { message: once }) : (once ?? text);
  const { message, reasons } = (body ?? {}) as { message?: unknown; reasons?: unknown };
  const foreign = text.slice(0, MAX_FOREIGN_TEXT) || `HTTP status ${status}`;
  return new MetalError({
    status,
    message: typeof message === "string" && message !== "" ? message : foreign,
    body,
    ...(Array.isArray(reasons) ? { reasons: reasons.map(String) } : {}),
    ...(requestId === undefined ? {} : { requestId }),
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
