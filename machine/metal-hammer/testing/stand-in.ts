// A metal-api just large enough for one machine: real gRPC over mutual TLS, and a test decides what it says.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createContextKey, createContextValues, type ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import {
  agent,
  BootService,
  EventService,
  type BootServiceAbortReinstallRequest,
  type BootServiceRegisterRequest,
  type BootServiceReportRequest,
} from "@metal-stack/protocol";
import { identityUri, parseIdentity } from "@metal-stack/service";
import { on } from "node:events";
import { EventEmitter } from "node:events";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { TestAuthority } from "./authority.ts";

const CALLER = createContextKey<string | undefined>(undefined);
const SIGN_OF_LIFE_MS = 20_000;

type InstructionInit = MessageInitShape<typeof agent.InstructionSchema>["instruction"];

export class StandIn {
  readonly authority: TestAuthority;
  /** Machine id → ticket that is still good. */
  readonly tickets = new Map<string, string>();
  certificateLifeMs = 3_600_000;
  /** Calls that fail before one works, by method. */
  readonly failures = new Map<string, number>();

  readonly events: { event: string; message: string }[] = [];
  readonly registrations: BootServiceRegisterRequest[] = [];
  readonly reports: BootServiceReportRequest[] = [];
  readonly aborts: BootServiceAbortReinstallRequest[] = [];
  readonly touched: agent.DisksTouchedRequest[] = [];
  readonly eraseReports: agent.ReportEraseRequest[] = [];
  readonly renewals: string[] = [];
  streamsOpened = 0;

  readonly #changes = new EventEmitter();
  readonly #server: Http2SecureServer;
  #instruction: InstructionInit = { case: "wait", value: { allocatable: true } };

  private constructor(authority: TestAuthority, server: Http2SecureServer) {
    this.authority = authority;
    this.#server = server;
    this.#changes.setMaxListeners(0);
  }

  /** @param addresses what the server's certificate is for */
  static async start(host = "127.0.0.1", port = 0, addresses: readonly string[] = [host]): Promise<StandIn> {
    const authority = await TestAuthority.create();
    const { cert, key } = await authority.server(addresses);
    const server = createSecureServer({ cert, key, ca: authority.pem, requestCert: true, rejectUnauthorized: false });
    const standIn = new StandIn(authority, server);
    const adapter = connectNodeAdapter({
      routes: (router) => standIn.#routes(router),
      contextValues: (request) => {
        const socket = request.socket as TLSSocket;
        const names = socket.authorized ? socket.getPeerCertificate().subjectaltname : undefined;
        return createContextValues().set(CALLER, parseIdentity(names)?.id);
      },
    });
    server.on("request", adapter);
    await new Promise<void>((resolve) => {
      server.listen(port, host, resolve);
    });
    return standIn;
  }

  get address(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `${address}:${port}`;
  }

  /** Tells the machine, and whoever opens a stream from now on. */
  instruct(instruction: InstructionInit): void {
    this.#instruction = instruction;
    this.#changes.emit("instruction");
  }

  /** Ends all open streams, as a restart of metal-api would. */
  dropStreams(): void {
    this.#changes.emit("drop");
  }

  /** Resolves once the condition holds; looks at it whenever a call came in. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => this.#changes.once("call", resolve));
  }

  async close(): Promise<void> {
    this.dropStreams();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      for (const session of this.#sessions) session.destroy();
    });
  }

  get #sessions() {
    return this.#open;
  }

  readonly #open = new Set<{ destroy(): void }>();

  #failing(method: string): void {
    const left = this.failures.get(method) ?? 0;
    if (left === 0) return;
    this.failures.set(method, left - 1);
    throw new ConnectError("not now", Code.Unavailable);
  }

  #routes(router: ConnectRouter): void {
    this.#server.on("session", (session) => {
      this.#open.add(session);
      session.on("close", () => this.#open.delete(session));
    });
    const answered = <T>(answer: T): T => {
      setImmediate(() => this.#changes.emit("call"));
      return answer;
    };
    const issue = async (csr: Uint8Array, machineId: string) => ({
      certificate: await this.authority.sign(
        csr,
        identityUri({ component: "machine", id: machineId }),
        this.certificateLifeMs,
      ),
      ca: this.authority.pem,
      notAfter: timestampFromDate(new Date(Date.now() + this.certificateLifeMs)),
    });
    const machineOf = (context: { values: { get(key: typeof CALLER): string | undefined } }): string => {
      const machine = context.values.get(CALLER);
      if (machine === undefined) throw new ConnectError("no machine's certificate", Code.Unauthenticated);
      return machine;
    };

    router.service(agent.IdentityService, {
      exchange: async ({ machineId, ticket, csr }) => {
        this.#failing("exchange");
        const good = this.tickets.get(machineId) === ticket;
        this.tickets.delete(machineId);
        if (!good) throw new ConnectError("this ticket is not good", Code.Unauthenticated);
        return answered(await issue(csr, machineId));
      },
      renew: async ({ csr }, context) => {
        this.renewals.push(machineOf(context));
        return answered(await issue(csr, machineOf(context)));
      },
    });
    router.service(EventService, {
      send: ({ events }, context) => {
        this.#failing("send");
        const own = events[machineOf(context)]!;
        this.events.push({ event: own.event, message: own.message });
        return answered({ events: 1n });
      },
    });
    router.service(BootService, {
      register: (request, context) => {
        this.#failing("register");
        this.registrations.push(request);
        return answered({ uuid: machineOf(context), size: "v1-small-x86", partitionId: request.partitionId });
      },
      abortReinstall: (request, context) => {
        machineOf(context);
        this.#failing("abortReinstall");
        this.aborts.push(request);
        return answered({});
      },
      report: (request, context) => {
        machineOf(context);
        this.#failing("report");
        this.reports.push(request);
        return answered({});
      },
    });
    router.service(agent.HammerService, {
      instructions: (_, context) => {
        machineOf(context);
        this.streamsOpened += 1;
        return this.#stream(answered(context.signal));
      },
      eraseProgress: () => answered({}),
      disksTouched: (request, context) => {
        machineOf(context);
        this.#failing("disksTouched");
        this.touched.push(request);
        return answered({});
      },
      reportErase: (request, context) => {
        machineOf(context);
        this.#failing("reportErase");
        this.eraseReports.push(request);
        return answered({ accepted: true, recordId: `record-${this.eraseReports.length}` });
      },
    });
  }

  async *#stream(signal: AbortSignal) {
    const dropped = new AbortController();
    this.#changes.once("drop", () => dropped.abort());
    const repeat = setInterval(() => this.#changes.emit("instruction"), SIGN_OF_LIFE_MS);
    const told = () => create(agent.InstructionSchema, { instruction: this.#instruction! });
    try {
      yield told();
      for await (const _ of on(this.#changes, "instruction", { signal: AbortSignal.any([signal, dropped.signal]) }))
        yield told();
    } catch {
      // The machine has gone, or the test ends the stream.
    } finally {
      clearInterval(repeat);
    }
  }
}
