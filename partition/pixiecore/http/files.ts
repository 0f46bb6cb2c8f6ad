// GET /files/<name>: kernels and initial RAM disks from one folder.
import { open, realpath, type FileHandle } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Logger } from "@metal-stack/service";
import { parseRange } from "./rules-range.ts";

/** Downloads at a time, over all and for one address; iPXE asks again after a 503. */
const MAX_DOWNLOADS = 64;
const MAX_DOWNLOADS_PER_CLIENT = 4;
/** One folder, no subfolders, nothing hidden. */
const FILE_NAME = /^[A-Za-z0-9_][\w.+~-]{0,127}$/;

export class FileDownloads {
  readonly #folder: string;
  /** Address of each running download. */
  readonly #running: string[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A symbolic link is followed inside the folder, and nowhere else. */
  async #open(name: string): Promise<FileHandle | undefined> {
    const [folder, file] = await Promise.all([realpath(this.#folder), realpath(join(this.#folder, name))]);
    return dirname(file) === folder ? await open(file) : undefined;
  }

  /** Answers GET and HEAD; `story` carries machine, mac and step of the one who asks. Returns the status sent. */
  async serve(name: string, request: IncomingMessage, response: ServerResponse, story: Logger): Promise<number> {
    const client = request.socket.remoteAddress ?? "";
    if (
      this.#running.length >= MAX_DOWNLOADS ||
      this.#running.filter((address) => address === client).length >= MAX_DOWNLOADS_PER_CLIENT
    ) {
      return end(response, 503, { "retry-after": "5" });
    }
    this.#running.push(client);
    try {
      const handle = FILE_NAME.test(name) ? await this.#open(name).catch(() => undefined) : undefined;
      if (!handle) return end(response, 404);
      try {
        return await send(name, handle, request, response, story);
      } finally {
        await handle.close();
      }
    } finally {
      this.#running.splice(this.#running.indexOf(client), 1);
    }
  }
}

async function send(
  name: string,
  handle: FileHandle,
  request: IncomingMessage,
  response: ServerResponse,
  story: Logger,
): Promise<number> {
  const stats = await handle.stat();
  if (!stats.isFile()) return end(response, 404);
  const range = parseRange(request.headers.range, stats.size);
  if (range === "unsatisfiable") return end(response, 416, { "content-range": `bytes */${stats.size}` });
  const { first, last } = range ?? { first: 0, last: stats.size - 1 };
  const bytes = last - first + 1;
  const status = range ? 206 : 200;
  response.writeHead(status, {
    "content-type": "application/octet-stream",
    "content-length": bytes,
    "accept-ranges": "bytes",
    "last-modified": stats.mtime.toUTCString(),
    ...(range ? { "content-range": `bytes ${first}-${last}/${stats.size}` } : {}),
  });
  if (request.method === "HEAD" || bytes === 0) {
    response.end();
    return status;
  }
  const started = performance.now();
  story.info({ file: name, bytes }, "download starts");
  try {
    await pipeline(handle.createReadStream({ start: first, end: last, autoClose: false }), response);
    story.info({ file: name, bytes, ms: Math.round(performance.now() - started) }, "download ended");
  } catch (error) {
    story.warn({ file: name, reason: (error as Error).message }, "download broke off");
  }
  return status;
}

function end(response: ServerResponse, status: number, headers: Record<string, string> = {}): number {
  response.writeHead(status, { "content-length": "0", ...headers });
  response.end();
  return status;
}
