// Who this machine is towards metal-api: a key of its own and a short-lived certificate, bought with a single-use ticket
// and renewed with the certificate itself (libraries/protocol/proto/agent/v1/identity.proto).
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import { agent } from "@metal-stack/protocol";
import { createSigningRequest, grpcTransport, retry } from "@metal-stack/service";
import { setTimeout as sleep } from "node:timers/promises";
import { RPC_TIMEOUT_MS } from "../rpc.ts";
import { renewalDelay } from "./rules-renewal.ts";

/** The ticket is unknown, spent, expired or another machine's. A new boot gets a new one. */
export class TicketRefused extends Error {
  override readonly name = "TicketRefused";
}

interface IssuedCertificate {
  readonly certificate: string;
  readonly ca: string;
  readonly notAfter?: Timestamp | undefined;
}

export class MachineIdentity {
  readonly #address: string;
  readonly #machineId: string;
  #current: Transport;
  #notAfter: Date;
  #renewed = new AbortController();

  private constructor(address: string, machineId: string, current: Transport, notAfter: Date) {
    this.#address = address;
    this.#machineId = machineId;
    this.#current = current;
    this.#notAfter = notAfter;
  }

  /**
   * Trades the ticket, waiting for metal-api for as long as it cannot be reached.
   * @param address "host:port"
   * @throws {TicketRefused}
   */
  static async exchange(
    { address, machineId, ticket, ca }: { address: string; machineId: string; ticket: string; ca: string },
    onError: (error: unknown) => void,
    signal: AbortSignal,
  ): Promise<MachineIdentity> {
    const { csr, privateKey } = await createSigningRequest(machineId);
    const client = createClient(agent.IdentityService, grpcTransport(address, { ca }));
    const attempt = () =>
      client.exchange({ machineId, ticket, csr }, { timeoutMs: RPC_TIMEOUT_MS, signal }).catch((error: unknown) => {
        if (ConnectError.from(error).code === Code.Unauthenticated) return ConnectError.from(error);
        throw error;
      });
    const issued = await retry(attempt, onError, signal);
    if (issued instanceof ConnectError) throw new TicketRefused(issued.rawMessage, { cause: issued });
    const transport = grpcTransport(address, { ca: issued.ca || ca, cert: issued.certificate, key: privateKey });
    return new MachineIdentity(address, machineId, transport, endOf(issued));
  }

  /** Always goes out with the newest certificate. */
  readonly transport: Transport = {
    unary: (...call) => this.#current.unary(...call),
    stream: (...call) => this.#current.stream(...call),
  };

  get notAfter(): Date {
    return this.#notAfter;
  }

  /** Aborts when a newer certificate has arrived: long streams should be opened again with it. */
  get renewed(): AbortSignal {
    return this.#renewed.signal;
  }

  /**
   * Renews at two thirds of the certificate's life, again and again.
   * @throws {Error} when a certificate ends before metal-api could be reached
   */
  async keepRenewed(onError: (error: unknown) => void, signal: AbortSignal): Promise<void> {
    const client = createClient(agent.IdentityService, this.transport);
    for (;;) {
      await sleep(renewalDelay(this.#notAfter, new Date()), undefined, { signal });
      const { csr, privateKey } = await createSigningRequest(this.#machineId);
      const issued = await retry(
        async () => {
          if (this.#notAfter.getTime() < Date.now()) return undefined;
          return client.renew({ csr }, { timeoutMs: RPC_TIMEOUT_MS, signal });
        },
        onError,
        signal,
      );
      if (!issued) throw new Error("the machine's certificate has ended and could not be renewed");
      this.#current = grpcTransport(this.#address, { ca: issued.ca, cert: issued.certificate, key: privateKey });
      this.#notAfter = endOf(issued);
      this.#renewed.abort(new Error("the machine has a new certificate"));
      this.#renewed = new AbortController();
    }
  }
}

function endOf(issued: IssuedCertificate): Date {
  if (!issued.notAfter) throw new Error("metal-api did not say when the certificate ends");
  return timestampDate(issued.notAfter);
}
