// For tests: a metal-api with the two services that metal-core calls, over mutual TLS on a UNIX socket (which is reachable
// from every network namespace).
import { execFileSync } from "node:child_process";
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from "node:http2";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { agent, EventService, type MachineProvisioningEvent } from "@metal-stack/protocol";
import { identityUri, parseIdentity } from "@metal-stack/service";

/** Makes ca.crt, server.crt/key (for 127.0.0.1) and client.crt/key (for the switch) in a folder. */
export function makeCertificates(folder: string, switchId: string): void {
  const openssl = (command: string, ...values: string[]) =>
    execFileSync("openssl", [...command.split(" "), ...values], { cwd: folder, stdio: "ignore" });
  const newKey = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
  openssl(`${newKey} -keyout ca.key -out ca.crt`, "-subj", "/CN=test CA");
  const issue = (name: string, subjectAltName: string) =>
    openssl(
      `${newKey} -CA ca.crt -CAkey ca.key -keyout ${name}.key -out ${name}.crt -subj /CN=${name} -addext`,
      `subjectAltName=${subjectAltName}`,
    );
  issue("server", "IP:127.0.0.1");
  issue("client", `URI:${identityUri({ component: "metal-core", id: switchId })}`);
}

type Call<T> = (message: T) => void;

/** What the switch said, in order, and what it is told. */
export class StandIn {
  readonly registrations: agent.SwitchRegisterRequest[] = [];
  readonly notifications: agent.SwitchNotifyRequest[] = [];
  readonly events: Record<string, MachineProvisioningEvent>[] = [];
  readonly callers = new Set<string>();
  readonly #folder: string;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #watchers = new Set<Call<agent.SwitchConfig>>();
  #config: agent.SwitchConfig | undefined;
  #server: Http2SecureServer | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get socket(): string {
    return join(this.#folder, "metal-api.sock");
  }

  /** Sends a configuration to all watchers, and to those that come. */
  push(config: agent.SwitchConfig): void {
    this.#config = config;
    for (const watcher of this.#watchers) watcher(config);
  }

  async start(): Promise<void> {
    const pem = (name: string) => readFileSync(join(this.#folder, name));
    const handler = connectNodeAdapter({
      routes: (router) => {
        router.service(agent.SwitchService, {
          register: (request) => {
            this.registrations.push(request);
            return { created: true };
          },
          watch: (_, { signal }) => this.#watch(signal),
          notify: (request) => {
            this.notifications.push(request);
            return {};
          },
        });
        router.service(EventService, {
          send: (request) => {
            this.events.push(request.events);
            return { events: BigInt(Object.keys(request.events).length), failed: [] };
          },
        });
      },
    });
    const server = createSecureServer(
      { ca: pem("ca.crt"), cert: pem("server.crt"), key: pem("server.key"), requestCert: true },
      (request, response) => {
        const names = (request.socket as TLSSocket).getPeerX509Certificate()?.subjectAltName;
        const identity = parseIdentity(names);
        this.callers.add(`${identity?.component} ${identity?.id}`);
        handler(request, response);
      },
    );
    server.on("session", (session) => {
      this.#sessions.add(session);
      session.on("close", () => this.#sessions.delete(session));
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.socket, resolve));
  }

  /** As if it had crashed: connections break. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    for (const session of this.#sessions) session.destroy();
    await new Promise((resolve) => server.close(resolve));
  }

  async *#watch(signal: AbortSignal): AsyncGenerator<agent.SwitchConfig> {
    const queue: agent.SwitchConfig[] = this.#config ? [this.#config] : [];
    let wake = Promise.withResolvers<void>();
    const watcher = (config: agent.SwitchConfig) => {
      queue.push(config);
      wake.resolve();
    };
    this.#watchers.add(watcher);
    signal.addEventListener("abort", () => wake.resolve());
    try {
      while (!signal.aborted) {
        yield* queue.splice(0);
        await wake.promise;
        wake = Promise.withResolvers();
      }
    } finally {
      this.#watchers.delete(watcher);
    }
  }
}
