// What stands between a page and the API, as proxies do: it passes everything on, unless a test told it what to answer instead.
import { once } from "node:events";
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** In place of the API's answer, or "silent" for none at all. */
export type Instead = "silent" | { readonly status: number; readonly headers?: Readonly<Record<string, string>> };

export interface Gateway {
  readonly url: string;
  /** "method path", in order, with preflights. */
  readonly asked: string[];
  /** What the next requests get, in order; preflights are passed on all the same. */
  readonly next: Instead[];
  close(): Promise<void>;
}

/** @param target URL of the API */
export async function openGateway(target: string): Promise<Gateway> {
  const asked: string[] = [];
  const next: Instead[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const instead = request.method === "OPTIONS" ? undefined : next.shift();
    if (instead === undefined) passOn(target, request, response);
    else if (instead !== "silent") response.writeHead(instead.status, instead.headers).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { pathname } = new URL(target);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    asked,
    next,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function passOn(target: string, request: IncomingMessage, response: ServerResponse): void {
  const { method, headers } = request;
  const onward = ask(new URL(request.url!, target), { method, headers }, (answer) => {
    response.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  request.pipe(onward);
}
