// Stands in for metal-api: its BmcService over mutual TLS, remembering results and reports.
import { once } from "node:events";
import { createSecureServer, type Http2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { agent } from "@metal-stack/protocol";
import { readPem } from "./certificates.ts";

export interface Login {
  readonly id: string;
  readonly user: string;
  readonly password: string;
}

export interface Order {
  readonly commandId: string;
  readonly machineId: string;
  readonly command: string;
  readonly address: string;
  readonly logins?: readonly Login[];
  readonly wanted?: Login;
}

export class MetalApi {
  /** Without a result, oldest first: sent again to whoever connects. */
  readonly open: Order[] = [];
  /** In order of arrival; empty texts are successes. */
  readonly results: { readonly commandId: string; readonly error: string; readonly loginId: string }[] = [];
  /** Commands somebody was about to do. */
  readonly started = new Set<string>();
  readonly reports: agent.BmcReport[] = [];
  streams = 0;
  /** Refuses that many results before it takes one. */
  resultsToLose = 0;
  readonly #wake = new Set<() => void>();
  readonly #sessions = new Set<Http2Session>();
  readonly #server;

  constructor(folder: string) {
    this.#server = createSecureServer(
      {
        cert: readPem(folder, "server.pem"),
        key: readPem(folder, "server.key"),
        ca: readPem(folder, "ca.pem"),
        requestCert: true,
        rejectUnauthorized: true,
      },
      connectNodeAdapter({
        routes: (router) =>
          router.service(agent.BmcService, {
            commands: (_request, { signal }) => this.#stream(signal),
            commandStarted: ({ commandId }) => {
              const startedBefore = this.started.has(commandId);
              const open = this.open.some((order) => order.commandId === commandId);
              this.started.add(commandId);
              return { goAhead: open && !startedBefore, startedBefore: open && startedBefore };
            },
            commandDone: ({ commandId, error, loginId }) => {
              if (this.resultsToLose > 0) {
                this.resultsToLose -= 1;
                throw new ConnectError("the database is away", Code.Unavailable);
              }
              this.results.push({ commandId, error, loginId });
              const index = this.open.findIndex((order) => order.commandId === commandId);
              if (index >= 0) this.open.splice(index, 1);
              return {};
            },
            report: ({ reports }) => {
              this.reports.push(...reports);
              return { created: [], updated: reports.map(({ machineId }) => machineId) };
            },
          }),
      }),
    );
    this.#server.on("session", (session: Http2Session) => {
      this.#sessions.add(session);
      session.on("close", () => this.#sessions.delete(session));
    });
  }

  async listen(port = 0): Promise<void> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  order(...orders: Order[]): void {
    this.open.push(...orders);
    for (const wake of this.#wake) wake();
  }

  resultOf(commandId: string): string | undefined {
    return this.results.find((result) => result.commandId === commandId)?.error;
  }

  /** Cuts all connections. */
  cut(): void {
    for (const session of this.#sessions) session.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }

  async *#stream(signal: AbortSignal) {
    this.streams += 1;
    const sent = new Set<string>();
    yield {};
    while (!signal.aborted) {
      for (const order of this.open) {
        if (sent.has(order.commandId)) continue;
        sent.add(order.commandId);
        yield order;
      }
      if (this.open.some((order) => !sent.has(order.commandId))) continue;
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#wake.delete(wake);
          resolve();
        };
        this.#wake.add(wake);
        signal.addEventListener("abort", wake, { once: true });
      });
    }
  }
}
