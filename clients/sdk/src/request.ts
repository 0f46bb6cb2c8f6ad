// One request, as many attempts as are safe, one answer.
import type { Authorization } from "./credentials.ts";
import { MetalError, NetworkError, refusalOf, TimeoutError } from "./errors.ts";
import { isSafe, mayPass, pauseBefore } from "./rules-retry.ts";
import { type Fetch, type FetchAnswer, type FetchInit, neverSent, Unsendable } from "./transport.ts";
import { randomHex } from "#platform";

/** What may be said with every call. */
export interface CallOptions {
  /** Ends the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Milliseconds for one attempt, instead of the client's. */
  readonly timeout?: number;
  /** How often to try again what is safe to send again, instead of the client's. */
  readonly retries?: number;
  /** Sent besides, e.g. `{ "if-match": etag }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Told of the answer's status and headers before the call resolves, e.g. to keep an ETag. */
  readonly onAnswer?: (answer: Pick<FetchAnswer, "status" | "headers">) => void;
}

export interface RequestOptions extends CallOptions {
  /** What is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as a form with these files, instead of a body. */
  readonly form?: Readonly<Record<string, Blob>>;
}

export interface Connection {
  /** Without a slash at the end. */
  readonly url: string;
  readonly authorization: Authorization;
  readonly fetch: Fetch;
  readonly timeout: number;
  readonly retries: number;
}

interface Prepared {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Blob;
  /** What errors call it: method and URL without query. */
  readonly name: string;
}

/**
 * @param path below the base URL, e.g. "/v1/machine/find"
 * @throws {MetalError} for an answer with a status of 400 or more
 * @throws {NetworkError} when there is no answer, or none in JSON
 * @throws {TimeoutError} when an attempt took too long
 * @throws TypeError for what the transport cannot send
 * @throws the reason of the signal when it is aborted
 */
export async function send(connection: Connection, method: string, path: string, options: RequestOptions) {
  const prepared = prepare(connection.url, method, path, options);
  const safe = isSafe(method, path.split("?", 1)[0]!, "idempotency-key" in prepared.headers);
  const { retries = connection.retries, signal } = options;
  let renewed = false;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await once(connection, prepared, options).catch(lost);
    if (!(answer instanceof Error)) {
      if (answer.status >= 200 && answer.status < 300) return read(prepared, answer);
      if (answer.status < 400) throw new NetworkError(elsewhere(prepared, answer.location));
      if (answer.status === 401 && !renewed && connection.authorization.renew?.()) {
        renewed = true;
        attempt -= 1;
        continue;
      }
    }
    const failure = answer instanceof Error ? answer : refusalOf(answer.status, answer.text, answer.requestId);
    const again = failure instanceof MetalError ? mayPass(failure.status, safe) : safe || neverSent(failure);
    const wait = pauseBefore(attempt, "retryAfter" in answer ? answer.retryAfter : null, new Date(), Math.random());
    if (!again || attempt > retries || wait === undefined) throw failure;
    await sleep(wait, signal);
  }
}

/** Browsers do not tell where. */
const elsewhere = ({ name }: Prepared, location: string | null | undefined) =>
  `${name}: the API is not here, but ${location ? `at ${location}` : "elsewhere"}`;

/** The failures that trying again may mend. */
function lost(error: unknown): NetworkError | TimeoutError {
  if (error instanceof NetworkError || error instanceof TimeoutError) return error;
  throw error;
}

function prepare(base: string, method: string, path: string, options: RequestOptions): Prepared {
  const { query = {}, body, form, headers = {} } = options;
  const asked = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  );
  const search =
    asked.length === 0
      ? ""
      : `${path.includes("?") ? "&" : "?"}${new URLSearchParams(Object.fromEntries(asked)).toString()}`;
  const content = form ? formOf(form) : body === undefined ? undefined : jsonOf(body);
  return {
    method,
    url: `${base}${path}${search}`,
    name: `${method} ${base}${path.split("?", 1)[0]!}`,
    headers: { accept: "application/json", ...(content && { "content-type": content.type }), ...lowerCase(headers) },
    ...(content && { body: content.body }),
  };
}

const jsonOf = (body: unknown) => ({ type: "application/json", body: JSON.stringify(body) });

const lowerCase = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

/** RFC 7578. The files are not read before they are sent, and the length is known. */
function formOf(form: Readonly<Record<string, Blob>>) {
  const boundary = `metal-${randomHex(16)}`;
  const parts = Object.entries(form).flatMap(([name, file]) => [
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${name}"\r\n\r\n`,
    file,
    "\r\n",
  ]);
  return { type: `multipart/form-data; boundary=${boundary}`, body: new Blob([...parts, `--${boundary}--\r\n`]) };
}

async function once(connection: Connection, prepared: Prepared, options: RequestOptions) {
  const { method, url, headers, body, name } = prepared;
  const { timeout = connection.timeout } = options;
  const late = AbortSignal.timeout(timeout);
  const signal = options.signal ? AbortSignal.any([options.signal, late]) : late;
  options.signal?.throwIfAborted();
  const stopped = (error: unknown) => {
    options.signal?.throwIfAborted();
    if (late.aborted) throw new TimeoutError(`${name}: no answer within ${timeout} ms`, { cause: error });
  };
  const proof = await connection.authorization.headers(method, signal).catch((error: unknown) => {
    stopped(error);
    throw error;
  });
  try {
    const init: FetchInit = {
      method,
      headers: { ...proof, ...headers },
      signal,
      redirect: "manual",
      ...(body === undefined ? {} : { body }),
    };
    const answer = await connection.fetch(url, init);
    const text = await answer.text();
    options.onAnswer?.(answer);
    const requestId = answer.headers.get("x-request-id") ?? undefined;
    const [retryAfter, location] = ["retry-after", "location"].map((header) => answer.headers.get(header));
    return { status: answer.status, text, requestId, retryAfter, location };
  } catch (error) {
    stopped(error);
    if (error instanceof Unsendable) throw new TypeError(`${name}: ${error.message}`, { cause: error });
    throw new NetworkError(`${name}: ${messageOf(error)}`, { cause: error });
  }
}

/** fetch says "fetch failed", and what failed in its cause. */
function messageOf(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { message?: string; code?: string } };
  return cause?.message || cause?.code || message || (error as { code?: string }).code || String(error);
}

function read({ name }: Prepared, { text }: { readonly text: string }): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new NetworkError(`${name}: the answer is not JSON: ${text.slice(0, 200)}`, { cause: error });
  }
}

/** @throws the signal's reason when it is aborted */
export function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    const abort = () => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    signal?.addEventListener("abort", abort, { once: true });
  });
}
