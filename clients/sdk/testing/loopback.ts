// A server on loopback that answers what a test says, and keeps what it was asked.
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** Sent as JSON, unless it is a text. */
  readonly body?: unknown;
  /** Cut the connection instead of answering. */
  readonly cut?: true;
  /** Never answer. */
  readonly silent?: true;
  /** Never end the answer. */
  readonly stalled?: true;
}

export interface Loopback {
  readonly url: string;
  readonly asked: Asked[];
  close(): Promise<void>;
}

/** @param answer to the request, and how many came before it */
export async function loopback(answer: (asked: Asked, before: number) => Answer): Promise<Loopback> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method, url, headers } = request;
      const one = { method: method!, url: url!, headers, body: Buffer.concat(chunks) };
      const { status = 200, headers: more, body = "", cut, silent, stalled } = answer(one, asked.length);
      asked.push(one);
      if (cut) return void request.socket.destroy();
      if (silent) return;
      response.writeHead(status, { "content-type": "application/json", ...more });
      if (stalled) return void response.write("[");
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
