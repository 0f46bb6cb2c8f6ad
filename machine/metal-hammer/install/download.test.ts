import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { download, expectedSha256 } from "./download.ts";

const IMAGE = randomBytes(3_000_001);
const SHA256 = createHash("sha256").update(IMAGE).digest("hex");

let folder = "";
let server: Server;
let requests: IncomingMessage[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "download-"));
  requests = [];
  server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

const url = (path = "/image"): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
const fetchImage = async (options: object = {}) =>
  download(url(), join(folder, "image"), {
    onProgress: () => undefined,
    signal: new AbortController().signal,
    retryFirstMs: 1,
    ...options,
  });

/** Serves the image from the asked offset, and cuts the connection after `cutAfter` bytes. */
function serve(
  response: ServerResponse,
  request: IncomingMessage,
  { cutAfter = Infinity, etag = '"1"', image = IMAGE } = {},
): void {
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
  const resumed = range !== null && request.headers["if-range"] === etag;
  const start = resumed ? Number(range[1]) : 0;
  const headers = resumed ? { "content-range": `bytes ${start}-${image.length - 1}/${image.length}` } : {};
  response.writeHead(resumed ? 206 : 200, { "content-length": image.length - start, etag, ...headers });
  if (start + cutAfter >= image.length) response.end(image.subarray(start));
  else response.write(image.subarray(start, start + cutAfter), () => setTimeout(() => response.destroy(), 20));
}

describe("fetching an image", () => {
  it("hashes on the way and tells how far it is", async () => {
    answer = (request, response) => serve(response, request);
    const progress: [number, number][] = [];
    const result = await fetchImage({ onProgress: (bytes: number, total: number) => progress.push([bytes, total]) });
    expect(result).toEqual({ sha256: SHA256, bytes: IMAGE.length });
    expect(readFileSync(join(folder, "image")).equals(IMAGE)).toBe(true);
    expect(progress.at(-1)).toEqual([IMAGE.length, IMAGE.length]);
  });

  it("goes on where a broken connection left off", async () => {
    answer = (request, response) => serve(response, request, { cutAfter: 700_000 });
    expect(await fetchImage()).toEqual({ sha256: SHA256, bytes: IMAGE.length });
    expect(requests.length).toBe(5);
    expect(requests.slice(1).every(({ headers }) => headers.range !== undefined)).toBe(true);
    expect(readFileSync(join(folder, "image")).equals(IMAGE)).toBe(true);
  });

  it("starts over when the image was replaced meanwhile, or the server cannot resume", async () => {
    const old = randomBytes(2_000_000);
    answer = (request, response) =>
      requests.length === 1
        ? serve(response, request, { cutAfter: 1_000_000, etag: '"0"', image: old })
        : serve(response, request);
    expect(await fetchImage()).toEqual({ sha256: SHA256, bytes: IMAGE.length });
    expect(readFileSync(join(folder, "image")).equals(IMAGE)).toBe(true);
  });

  it("takes a stalled connection for a broken one", async () => {
    answer = (request, response) => {
      if (requests.length > 1) return serve(response, request);
      response.writeHead(200, { "content-length": IMAGE.length, etag: '"1"' });
      response.write(IMAGE.subarray(0, 1000));
    };
    expect(await fetchImage({ stallMs: 200 })).toMatchObject({ sha256: SHA256 });
  });

  it("asks again after a server error, but not after a refusal", async () => {
    answer = (request, response) => (requests.length < 3 ? response.writeHead(503).end() : serve(response, request));
    expect(await fetchImage()).toMatchObject({ sha256: SHA256 });
    requests = [];
    answer = (_, response) => response.writeHead(404).end();
    await expect(fetchImage()).rejects.toThrow("answered 404");
    expect(requests.length).toBe(1);
  });

  it("gives up a server that never answers usefully", async () => {
    answer = (_, response) => response.destroy();
    await expect(fetchImage()).rejects.toThrow();
    expect(requests.length).toBe(6);
  });

  it("stops at once when aborted", async () => {
    const abort = new AbortController();
    answer = (_, response) => {
      response.writeHead(200, { "content-length": IMAGE.length });
      response.write(IMAGE.subarray(0, 1000), () => abort.abort(new Error("told to stop")));
    };
    await expect(fetchImage({ signal: abort.signal })).rejects.toThrow("told to stop");
  });
});

describe("the checksum an image must have", () => {
  const options = { onProgress: () => undefined, signal: new AbortController().signal, retryFirstMs: 1 };

  it("is the order's, or else the one beside the image", async () => {
    answer = (request, response) =>
      request.url === "/image.sha256" ? response.end(`${SHA256}  image\n`) : response.writeHead(404).end();
    expect(await expectedSha256({ url: url(), sha256: "A".repeat(64) }, options)).toBe("a".repeat(64));
    expect(requests).toEqual([]);
    expect(await expectedSha256({ url: url(), sha256: "" }, options)).toBe(SHA256);
  });

  it("is demanded", async () => {
    answer = (_, response) => response.writeHead(404).end();
    await expect(expectedSha256({ url: url(), sha256: "" }, options)).rejects.toThrow("the order has no SHA-256");
    answer = (_, response) => response.end("<html>");
    await expect(expectedSha256({ url: url(), sha256: "" }, options)).rejects.toThrow("is no SHA-256");
  });
});
