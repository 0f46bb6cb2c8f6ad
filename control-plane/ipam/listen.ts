// One plaintext port for HTTP/1.1 (curl, Go's default client) and HTTP/2 (gRPC), as the original's: the first bytes tell.
import { createServer as createHttp1, type RequestListener } from "node:http";
import { createServer as createHttp2, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** The client connection preface begins with it (RFC 9113 §3.4); no HTTP/1 method does. */
const HTTP2_PREFACE = Buffer.from("PRI ");
/** Who says nothing for so long, leaves. */
const SILENCE_MS = 60_000;

export type Handler = RequestListener & ((request: Http2ServerRequest, response: Http2ServerResponse) => void);

/** Resolves when it listens. Closing ends all connections at once. */
export async function listen(
  handler: Handler,
  host: string | undefined,
  port: number,
): Promise<{ port: number; close(): Promise<void> }> {
  const http1 = createHttp1(handler);
  const http2 = createHttp2(handler);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.setTimeout(SILENCE_MS, () => socket.destroy());
    firstBytes(socket, (isHttp2) => {
      socket.setTimeout(0);
      socket.removeAllListeners("timeout");
      (isHttp2 ? http2 : http1).emit("connection", socket);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}

/** Looks at what comes first, and puts it back. */
function firstBytes(socket: Socket, decide: (isHttp2: boolean) => void): void {
  let head = Buffer.alloc(0);
  const look = () => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    head = Buffer.concat([head, chunk]);
    const length = Math.min(head.length, HTTP2_PREFACE.length);
    const matches = head.subarray(0, length).equals(HTTP2_PREFACE.subarray(0, length));
    if (matches && length < HTTP2_PREFACE.length) return;
    socket.removeListener("readable", look);
    socket.unshift(head);
    decide(matches);
  };
  socket.on("readable", look);
}
