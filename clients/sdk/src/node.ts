// The transport of Node: node:http. It starts faster than fetch, trusts certificates that are named, and sends the one
// request that fetch refuses, a GET with a body.
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { Readable } from "node:stream";
import type { Fetch, FetchAnswer, FetchInit } from "./transport.ts";

export interface NodeFetchOptions {
  /** PEM certificates that are trusted instead of the system's. */
  readonly ca?: string;
}

/**
 * A transport for `createClient({ fetch })` that trusts these certificates.
 * @example
 * ```ts
 * import { createClient } from "@metal-stack/sdk";
 * import { nodeFetch } from "@metal-stack/sdk/node";
 *
 * const ca = process.env["METAL_CA"]; // PEM
 * const client = createClient({ url: process.env["METAL_URL"]!, fetch: nodeFetch(ca ? { ca } : {}) });
 * console.log((await client.version.info()).name); // → metal-api
 * ```
 */
export function nodeFetch({ ca }: NodeFetchOptions = {}): Fetch {
  return (url, init) => exchange(url, init, ca);
}

function exchange(url: string, { method, headers, body, signal }: FetchInit, ca?: string): Promise<FetchAnswer> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith("https:") ? httpsRequest : httpRequest;
    const length = body === undefined ? {} : { "content-length": lengthOf(body) };
    const settings = { method, signal, headers: { ...headers, ...length }, ...(ca === undefined ? {} : { ca }) };
    const request = send(url, settings, (response) => resolve(answerOf(response)));
    request.on("error", reject);
    if (body === undefined || typeof body === "string") return request.end(body);
    Readable.fromWeb(body.stream())
      .on("error", (error) => request.destroy(error))
      .pipe(request);
  });
}

const lengthOf = (body: string | Blob): number => (typeof body === "string" ? Buffer.byteLength(body) : body.size);

function answerOf(response: IncomingMessage): FetchAnswer {
  return {
    status: response.statusCode ?? 0,
    headers: { get: (name) => [response.headers[name.toLowerCase()] ?? null].flat().join(", ") || null },
    text: async () => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of response) chunks.push(chunk as Uint8Array);
      return Buffer.concat(chunks).toString("utf8");
    },
  };
}
