// What stands between the SDK and the API, as proxies do: it passes everything on, unless a test told it what to answer instead.
import { once } from "node:events";
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** In place of the API's answer, or "silent" for none at all. */
export type Instead = "silent" | { readonly status: number; readonly headers?: Readonly<Record<string, string>> };

/** What the API answered. */
export interface Passed {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body: string;
}

export interface Gateway {
  readonly url: string;
  /** "method path", in order, with preflights. */
  readonly asked: string[];
  /** What was passed on and is answered. */
  readonly passed: Passed[];
  /** What the next requests get, in order; preflights are passed on all the same. */
  readonly next: Instead[];
  close(): Promise<void>;
}

/** @param target URL of the API */
export async function openGateway(target: string): Promise<Gateway> {
  const asked: string[] = [];
  const passed: Passed[] = [];
  const next: Instead[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const instead = request.method === "OPTIONS" ? undefined : next.shift();
    if (instead === undefined) passOn(target, request, response, (answered) => passed.push(answered));
    else if (instead !== "silent") response.writeHead(instead.status, instead.headers).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { pathname } = new URL(target);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    asked,
    passed,
    next,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function passOn(
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
  done: (answered: Passed) => void,
): void {
  const { method, headers, url } = request;
  const onward = ask(new URL(url!, target), { method, headers }, (answer) => {
    const { statusCode: status } = answer;
    const chunks: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => chunks.push(chunk));
    answer.on("end", () =>
      done({ method: method!, path: url!.split("?")[0]!, status: status!, body: Buffer.concat(chunks).toString() }),
    );
    response.writeHead(status!, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  request.pipe(onward);
}
