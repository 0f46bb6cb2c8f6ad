// Answers what never becomes a request that a route could see: garbage, what does not end, tunnels.
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { errorBody } from "./rules-json.ts";

/** Node's codes of what is no HTTP request at all, or none that ends. */
const GARBAGE: Readonly<Record<string, readonly [status: number, text: string]>> = {
  HPE_HEADER_OVERFLOW: [431, "Request Header Fields Too Large"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "Request Timeout"],
};

/** For reading the answer and closing the connection. */
const LINGER_MS = 2_000;

export class Garbage {
  /** Answers that are still being made, oldest first, to requests that came whole or not yet. */
  readonly #pending = new WeakMap<Duplex, Map<ServerResponse, IncomingMessage>>();

  watch(server: Server): void {
    server.on("request", (request, response) => {
      const pending = this.#pending.get(request.socket) ?? new Map<ServerResponse, IncomingMessage>();
      this.#pending.set(request.socket, pending.set(response, request));
      response.once("close", () => pending.delete(response));
    });
    // Without a listener node closes the connection without a word.
    server.on("connect", (_request, socket) => end(socket, 405, "Method Not Allowed"));
  }

  /** Requests that came before on the same connection get their answers first: a client tells answers apart by their order. */
  refuse(error: Error & { code?: string }, socket: Duplex): void {
    const [status, text] = GARBAGE[error.code ?? ""] ?? [400, "Bad Request"];
    const [response] = [...(this.#pending.get(socket) ?? [])].findLast(([, request]) => request.complete) ?? [];
    if (response) response.once("close", () => end(socket, status, text));
    else end(socket, status, text);
  }
}

function end(socket: Duplex, status: number, text: string): void {
  if (!socket.writable) return void socket.destroy();
  const body = errorBody(status, `${status}: ${text}`);
  const head = [
    `HTTP/1.1 ${status} ${text}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end([...head, "Connection: close", "", body].join("\r\n"));
  // What else it sends is taken in, else the answer would be lost; but nobody holds a connection by not closing it.
  socket.resume();
  const impatient = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(impatient));
}
