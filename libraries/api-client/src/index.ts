// A client of the REST v1 API: signs requests, decodes the API's doubly encoded errors, and says what went wrong in
// words. Uses node:http and not fetch: a command line starts 60 ms faster with it.
import { createHmac, randomInt, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { type ClientRequest, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

export interface ApiClientOptions {
  /** Base URL including the base path, e.g. "https://api.example.org/metal". */
  readonly url: string;
  /** Signs with HMAC; wins over a token, as in the original. */
  readonly hmac?: { readonly type: string; readonly key: string };
  readonly token?: string;
  /** PEM certificates trusted in addition to the system's. */
  readonly ca?: string;
  /** For one request, milliseconds; 60 000 when unset. */
  readonly timeoutMs?: number;
}

/** The API answered with an error. `statusCode` is HTTP's; the message is the API's own. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** The API could not be reached or did not answer in its language. */
export class ApiUnreachableError extends Error {
  override readonly name = "ApiUnreachableError";
}

const SALT_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SALT_LENGTH = 24;

/** The three headers of the HMAC scheme (reference/api-resources.md 4.1): they cover date, method and salt only. */
export function hmacHeaders(type: string, key: string, method: string, now: Date = new Date()): Record<string, string> {
  const date = now.toISOString().replace(/\.\d+Z$/, "Z");
  const salt = Array.from({ length: SALT_LENGTH }, () => SALT_LETTERS[randomInt(SALT_LETTERS.length)]).join("");
  const mac = createHmac("sha256", key).update(date).update(method).update(salt).digest("hex");
  return { authorization: `${type} ${mac}`, "x-date": date, "x-data-salt": salt };
}

/** The API's errors are a JSON string that holds the JSON object; a plain object is understood as well. */
function decodeError(statusCode: number, body: string): ApiError {
  try {
    let value: unknown = JSON.parse(body);
    if (typeof value === "string") value = value.startsWith("{") ? JSON.parse(value) : { message: value };
    const message = (value as { message?: unknown } | null)?.message;
    if (typeof message === "string") return new ApiError(statusCode, message);
  } catch {
    // Not JSON: the text itself is the best message there is.
  }
  return new ApiError(statusCode, body.slice(0, 500) || `HTTP status ${statusCode}`);
}

export class ApiClient {
  readonly #options: ApiClientOptions;

  constructor(options: ApiClientOptions) {
    this.#options = options;
  }

  get<T>(path: string): Promise<T> {
    return this.request<T>("GET", path);
  }

  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.request<T>("POST", path, body);
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.request<T>("PUT", path, body);
  }

  delete<T>(path: string): Promise<T> {
    return this.request<T>("DELETE", path);
  }

  /**
   * @param path below the base URL, e.g. "/v1/machine/find"
   * @throws {ApiError} for an answer with a status of 400 or more
   * @throws {ApiUnreachableError} when there is no answer, or none in JSON
   */
  request<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const content = payload === undefined ? {} : jsonOf(payload);
    return this.#exchange<T>(method, path, { ...content, ...headers }, (request) => request.end(payload));
  }

  /**
   * Sends a file as a form, reading while sending. Throws as {@link request}, and what reading the file throws.
   * @param field of the form
   */
  async upload<T>(path: string, field: string, file: string): Promise<T> {
    const boundary = `metal-${randomUUID()}`;
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="${field}"\r\n\r\n`;
    const tail = `\r\n--${boundary}--\r\n`;
    const { size } = await stat(file);
    const headers = {
      "content-type": `multipart/form-data; boundary=${boundary}`,
      "content-length": head.length + size + tail.length,
    };
    return this.#exchange<T>("PUT", path, headers, (request) => {
      request.write(head);
      const content = createReadStream(file);
      content.on("error", (error) => request.destroy(error));
      content.on("end", () => request.end(tail));
      content.pipe(request, { end: false });
    });
  }

  #exchange<T>(
    method: string,
    path: string,
    headers: Readonly<Record<string, string | number>>,
    write: (request: ClientRequest) => void,
  ): Promise<T> {
    const url = new URL(this.#options.url.replace(/\/+$/, "") + path);
    const { hmac, token } = this.#options;
    const authorization = hmac
      ? hmacHeaders(hmac.type, hmac.key, method)
      : token
        ? { authorization: `Bearer ${token}` }
        : {};
    return new Promise<T>((resolve, reject) => {
      const send = url.protocol === "https:" ? httpsRequest : httpRequest;
      const unreachable = (reason: string) =>
        reject(new ApiUnreachableError(`${method} ${url.origin}${url.pathname}: ${reason}`));
      const request = send(
        url,
        {
          method,
          timeout: this.#options.timeoutMs ?? 60_000,
          ...(this.#options.ca ? { ca: this.#options.ca } : {}),
          headers: {
            accept: "application/json",
            ...authorization,
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", (error) => unreachable(error.message));
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString("utf8");
            const status = response.statusCode ?? 0;
            if (status >= 400) return reject(decodeError(status, text));
            try {
              resolve((text === "" ? undefined : JSON.parse(text)) as T);
            } catch {
              unreachable(`the answer is not JSON: ${text.slice(0, 200)}`);
            }
          });
        },
      );
      request.on("timeout", () => request.destroy(new Error("no answer in time")));
      request.on("error", (error) => unreachable(error.message));
      write(request);
    });
  }
}

const jsonOf = (payload: string) => ({
  "content-type": "application/json",
  "content-length": Buffer.byteLength(payload),
});
