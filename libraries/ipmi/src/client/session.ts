import { CIPHER_SUITES, type CipherSuiteId } from "../cipher-suites.ts";
import { CompletionCode } from "../completion-codes.ts";
import { Command, IPMI_PORT, NetFn, PayloadType, Privilege } from "../constants.ts";
import { CompletionError, IpmiError } from "../errors.ts";
import { decodeResponse, encodeRequest, type LanResponse } from "../message.ts";
import type { V2Packet } from "../packet.ts";
import { openPacket, sealPacket } from "../protection.ts";
import { type LoggedIn, logIn } from "./login.ts";
import { DEFAULT_PATIENCE, type Patience, Peer } from "./peer.ts";

export interface SessionOptions {
  readonly host: string;
  /** Default 623. */
  readonly port?: number;
  readonly user: string;
  readonly password: string;
  /** Default administrator (4). */
  readonly privilege?: number;
  /** Tried in this order; default 17, then 3. */
  readonly cipherSuites?: readonly CipherSuiteId[];
  readonly patience?: Patience;
  /** Ends every wait, also of later commands, with IpmiError "unreachable". */
  readonly signal?: AbortSignal;
}

/** Anything that carries IPMI requests: a session, or in tests the controller itself. */
export interface Requester {
  /** The answer's data, without the completion code; throws CompletionError when the code is not 0. */
  request(netFn: number, command: number, data?: Uint8Array): Promise<Buffer>;
}

/** Pauses before a busy BMC (0xc0) is asked again. */
const BUSY_PAUSES_MS = [200, 500, 1000];

/** A logged-in session. Commands run one after the other; open a second session to run them in parallel. */
export class IpmiSession implements Requester, AsyncDisposable {
  readonly cipherSuite: CipherSuiteId;
  readonly #peer: Peer;
  readonly #login: LoggedIn;
  readonly #patience: Patience;
  readonly #signal: AbortSignal | undefined;
  #sequence = 0;
  #requestSequence = 0;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(peer: Peer, login: LoggedIn, options: SessionOptions) {
    this.cipherSuite = login.keys.suite.id;
    this.#peer = peer;
    this.#login = login;
    this.#patience = options.patience ?? DEFAULT_PATIENCE;
    this.#signal = options.signal;
  }

  /** Logs in. Throws IpmiError, whose `kind` says why it failed. */
  static async open(options: SessionOptions): Promise<IpmiSession> {
    const peer = await Peer.connect(options.host, options.port ?? IPMI_PORT);
    try {
      const login = await logInWithAnySuite(peer, options);
      const session = new IpmiSession(peer, login, options);
      const privilege = options.privilege ?? Privilege.ADMINISTRATOR;
      await session.request(NetFn.APP, Command.SET_SESSION_PRIVILEGE_LEVEL, Buffer.of(privilege));
      return session;
    } catch (error) {
      peer.close();
      throw error;
    }
  }

  async request(netFn: number, command: number, data: Uint8Array = Buffer.alloc(0)): Promise<Buffer> {
    const previous = this.#last;
    const answer = previous.catch(() => undefined).then(() => this.#request(netFn, command, Buffer.from(data)));
    this.#last = answer;
    return answer;
  }

  /** Sends a SOL payload; see `openSol`. */
  sendSol(payload: Buffer): void {
    if (!this.#closed) this.#peer.send(this.#seal(PayloadType.SOL, payload));
  }

  onSol(listener: (payload: Buffer) => void): () => void {
    return this.#peer.listen((packet) => {
      const payload = packet.payloadType === PayloadType.SOL ? this.#open(packet) : undefined;
      if (payload) listener(payload);
    });
  }

  /** Ends the session at the BMC too, if it still answers; never throws. */
  async close(): Promise<void> {
    if (this.#closed) return;
    const id = Buffer.alloc(4);
    id.writeUInt32LE(this.#login.bmcSessionId);
    await this.request(NetFn.APP, Command.CLOSE_SESSION, id).catch(() => undefined);
    this.#closed = true;
    this.#peer.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #request(netFn: number, command: number, data: Buffer): Promise<Buffer> {
    for (const pause of [...BUSY_PAUSES_MS, undefined]) {
      const { completionCode, data: answer } = await this.#exchange(netFn, command, data);
      if (completionCode === CompletionCode.OK) return answer;
      if (completionCode !== CompletionCode.NODE_BUSY || pause === undefined)
        throw new CompletionError(completionCode, `command ${hex(netFn)}/${hex(command)} at ${this.#peer.name}`);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    throw new Error("unreachable code");
  }

  #exchange(netFn: number, command: number, data: Buffer): Promise<LanResponse> {
    if (this.#closed) throw new IpmiError("closed", `the session with ${this.#peer.name} is closed`);
    this.#requestSequence = (this.#requestSequence + 1) & 0x3f;
    const sequence = this.#requestSequence;
    const message = encodeRequest({ netFn, command, data, sequence });
    const accept = (packet: V2Packet) => {
      const payload = packet.payloadType === PayloadType.IPMI ? this.#open(packet) : undefined;
      const answer = payload && decodeResponse(payload);
      const ours = answer?.sequence === sequence && answer.netFn === netFn && answer.command === command;
      return ours ? answer : undefined;
    };
    return this.#peer.exchange(() => this.#seal(PayloadType.IPMI, message), accept, this.#patience, this.#signal);
  }

  /** Every packet, also a repeated one, has a session sequence number of its own. */
  #seal(payloadType: number, payload: Buffer): Buffer {
    this.#sequence += 1;
    const header = { payloadType, sessionId: this.#login.bmcSessionId, sequence: this.#sequence };
    return sealPacket(this.#login.keys, header, payload);
  }

  #open(packet: V2Packet): Buffer | undefined {
    return packet.sessionId === this.#login.consoleSessionId ? openPacket(this.#login.keys, packet) : undefined;
  }
}

async function logInWithAnySuite(peer: Peer, options: SessionOptions): Promise<LoggedIn> {
  const credentials = { ...options, privilege: options.privilege ?? Privilege.ADMINISTRATOR };
  const suites = options.cipherSuites ?? [17, 3];
  let failure: unknown = new IpmiError("unsupported-suite", "no cipher suite given");
  for (const suite of suites) {
    try {
      const patience = options.patience ?? DEFAULT_PATIENCE;
      return await logIn(peer, credentials, CIPHER_SUITES[suite], patience, options.signal);
    } catch (error) {
      failure = error;
      if (!(error instanceof IpmiError) || error.kind !== "unsupported-suite") break;
    }
  }
  throw failure;
}

function hex(number: number): string {
  return `0x${number.toString(16).padStart(2, "0")}`;
}
