// Fetches the image to the disk that will hold it, hashing on the way, over connections that may break.
//
// To the disk and not straight into tar: the checksum is known before anything is unpacked, a broken connection is
// resumed, and it is faster: pipes between processes cost more than the disk (measured: docs/install.md).
import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** A connection on which nothing comes for this long is given up. */
const STALL_MS = 30_000;
/** Tries in a row that brought nothing. A try that brought something starts the count anew. */
const FRUITLESS_TRIES = 6;
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 8_000;
/** An image larger than this is a mistake. */
export const MAX_IMAGE_BYTES = 64 * 2 ** 30;
/** Written in pieces of this size, so that a slow machine makes few system calls. */
const WRITE_BYTES = 1024 * 1024;

/** The server's answer will not get better by asking again. */
class RefusedError extends Error {
  override readonly name = "RefusedError";
}

export interface DownloadOptions {
  /** Bytes so far, and in all (0 when the server does not tell). */
  readonly onProgress: (bytes: number, total: number) => void;
  readonly signal: AbortSignal;
  readonly stallMs?: number;
  readonly retryFirstMs?: number;
}

/** Answers that may be different next time. */
const isTemporary = (status: number): boolean => status >= 500 || status === 408 || status === 429;

async function request(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { headers, signal });
  if (response.ok) return response;
  await response.body?.cancel();
  const message = `${url}: the server answered ${response.status} ${response.statusText}`;
  throw isTemporary(response.status) ? new Error(message) : new RefusedError(message);
}

/** Runs `attempt` until it succeeds; it reports progress by calling `fruitful`. */
async function persistently<T>(
  attempt: (fruitful: () => void) => Promise<T>,
  { signal, retryFirstMs = RETRY_FIRST_MS }: DownloadOptions,
): Promise<T> {
  for (let tries = 1, wait = retryFirstMs; ; tries++, wait = Math.min(wait * 2, RETRY_MAX_MS)) {
    try {
      return await attempt(() => {
        tries = 0;
        wait = retryFirstMs / 2;
      });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RefusedError || tries >= FRUITLESS_TRIES) throw error;
      await sleep(wait, undefined, { signal });
    }
  }
}

/** What is fetched: how far, its hash so far, and the server's mark of the version. */
class Transfer {
  bytes = 0;
  total = 0;
  hash = createHash("sha256");
  etag: string | undefined;
  readonly #file: FileHandle;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async add(chunk: Uint8Array): Promise<void> {
    this.hash.update(chunk);
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    this.bytes += chunk.length;
    if (this.#pendingBytes >= WRITE_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#pendingBytes === 0) return;
    await this.#file.writev(this.#pending, this.bytes - this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  async restart(): Promise<void> {
    this.bytes = this.total = this.#pendingBytes = 0;
    this.#pending = [];
    this.hash = createHash("sha256");
    await this.#file.truncate(0);
  }
}

/** One connection: from where the last one broke off, or from the start when the server will not, or has another file. */
async function receive(url: string, transfer: Transfer, options: DownloadOptions, fruitful: () => void): Promise<void> {
  const stall = new AbortController();
  const stallMs = options.stallMs ?? STALL_MS;
  const giveUp = (): void => stall.abort(new Error(`${url}: nothing came for ${stallMs / 1000} s`));
  let timer = setTimeout(giveUp, stallMs);
  try {
    const resume = transfer.bytes > 0 && transfer.etag !== undefined;
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (resume) Object.assign(headers, { range: `bytes=${transfer.bytes}-`, "if-range": transfer.etag });
    const response = await request(url, headers, AbortSignal.any([options.signal, stall.signal]));
    const from = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1];
    if (response.status !== 206 || Number(from) !== transfer.bytes) await transfer.restart();
    transfer.etag = response.headers.get("etag") ?? undefined;
    const length = response.headers.get("content-length");
    transfer.total = length === null ? 0 : transfer.bytes + Number(length);
    if (transfer.total > MAX_IMAGE_BYTES) throw new RefusedError(`${url}: ${transfer.total} bytes are too many`);
    for await (const chunk of response.body ?? []) {
      fruitful();
      clearTimeout(timer);
      timer = setTimeout(giveUp, stallMs);
      await transfer.add(chunk);
      if (transfer.bytes > MAX_IMAGE_BYTES) throw new RefusedError(`${url}: more than ${MAX_IMAGE_BYTES} bytes`);
      options.onProgress(transfer.bytes, transfer.total);
    }
    if (transfer.total !== 0 && transfer.bytes !== transfer.total)
      throw new Error(`${url}: ended after ${transfer.bytes} of ${transfer.total} bytes`);
  } finally {
    clearTimeout(timer);
    await transfer.flush();
  }
}

/**
 * Fetches `url` (http or https, redirects followed) into `path` and answers with its lower-case hex SHA-256.
 * @throws when the server refuses, or after six tries in a row that brought nothing
 */
export async function download(
  url: string,
  path: string,
  options: DownloadOptions,
): Promise<{ sha256: string; bytes: number }> {
  const file = await open(path, "w", 0o600);
  try {
    const transfer = new Transfer(file);
    await persistently(async (fruitful) => receive(url, transfer, options, fruitful), options);
    return { sha256: transfer.hash.digest("hex"), bytes: transfer.bytes };
  } finally {
    await file.close();
  }
}

/** Longest checksum file read: one line of sha256sum(1) with a long file name. */
const CHECKSUM_BYTES = 4096;

/**
 * The checksum an image must have: the order's own, or the one published beside it as `<url>.sha256` (as sha256sum
 * writes it). @throws when there is none: an image that cannot be checked is not installed
 */
export async function expectedSha256(
  image: { url: string; sha256: string },
  options: DownloadOptions,
): Promise<string> {
  let sha256 = image.sha256.toLowerCase();
  if (sha256 === "") {
    const url = `${image.url}.sha256`;
    const text = await persistently(async () => {
      const response = await request(
        url,
        {},
        AbortSignal.any([options.signal, AbortSignal.timeout(options.stallMs ?? STALL_MS)]),
      );
      return (await response.text()).slice(0, CHECKSUM_BYTES);
    }, options).catch((error: Error) => {
      throw new Error(`the order has no SHA-256 of the image, and there is none beside it: ${error.message}`);
    });
    sha256 = text.trim().split(/\s/)[0]!.toLowerCase();
  }
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Error(`"${sha256.slice(0, 80)}" is no SHA-256 of image ${image.url}`);
  return sha256;
}
