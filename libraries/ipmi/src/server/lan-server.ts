import { randomInt } from "node:crypto";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { Channel, PayloadType } from "../constants.ts";
import type { ManagementController } from "../controller/controller.ts";
import { encodeGuid } from "../guid.ts";
import { decodeRequest, encodeResponse } from "../message.ts";
import { decodePacket, encodePong, encodeSessionless, encodeV15, type V2Packet } from "../packet.ts";
import { LanSession } from "./lan-session.ts";
import { type Login, LoginDesk } from "./login.ts";

export interface LanServerOptions {
  /** The machine's SMBIOS uuid; it goes into the key exchange. */
  readonly uuid: string;
  /** Sessions at once; default 16. */
  readonly maxSessions?: number;
  /** A session without a packet for this long ends; default 60 s, as §6.12.15 has it. */
  readonly idleTimeoutMs?: number;
}

interface Remote {
  port: number;
  address: string;
}

interface OpenSession {
  readonly session: LanSession;
  readonly remote: Remote;
  /** For the console that missed RAKP 4 and asks again. */
  readonly rakp3: Buffer;
  readonly rakp4: Buffer;
}

/** A management controller's LAN side: IPMI v2.0 sessions over UDP, and the few questions allowed without one. */
export class LanServer {
  readonly #controller: ManagementController;
  readonly #maxSessions: number;
  readonly #idleTimeoutMs: number;
  readonly #sessions = new Map<number, OpenSession>();
  readonly #desk: LoginDesk;
  #socket: Socket | undefined;
  #sweep: NodeJS.Timeout | undefined;

  constructor(controller: ManagementController, options: LanServerOptions) {
    this.#controller = controller;
    this.#maxSessions = options.maxSessions ?? 16;
    this.#idleTimeoutMs = options.idleTimeoutMs ?? 60_000;
    this.#desk = new LoginDesk(controller.users, encodeGuid(options.uuid), () => this.#freeSessionId());
  }

  /** @param port 0 takes any free one, see {@link port} */
  async listen(address: string, port: number): Promise<void> {
    const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
    socket.on("message", (datagram, remote) => this.#receive(datagram, remote));
    socket.bind(port, address);
    await once(socket, "listening");
    // A datagram that could not be sent is a lost datagram; the console asks again.
    socket.on("error", () => undefined);
    this.#socket = socket;
    this.#sweep = setInterval(() => this.#closeIdle(), Math.max(50, this.#idleTimeoutMs / 4)).unref();
  }

  get port(): number {
    return this.#socket?.address().port ?? 0;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  close(): void {
    clearInterval(this.#sweep);
    for (const { session } of this.#sessions.values()) session.close();
    this.#socket?.close();
    this.#socket = undefined;
  }

  #receive(datagram: Buffer, remote: RemoteInfo): void {
    const packet = decodePacket(datagram);
    if (!packet) return;
    if (packet.format === "ping") return this.#send(encodePong(packet.tag), remote);
    if (packet.format === "1.5") return void this.#answerSessionless(packet.payload, remote, encodeV15);
    if (packet.sessionId !== 0) return this.#receiveInSession(packet, remote);
    if (packet.payloadType === PayloadType.IPMI) {
      const encode = (payload: Buffer) => encodeSessionless(PayloadType.IPMI, payload);
      return void this.#answerSessionless(packet.payload, remote, encode);
    }
    const reply = this.#setUp(packet, remote);
    if (reply) this.#send(reply, remote);
  }

  #setUp(packet: V2Packet, remote: RemoteInfo): Buffer | undefined {
    const { payload } = packet;
    if (packet.payloadType === PayloadType.OPEN_SESSION_REQUEST) return this.#desk.openSession(payload);
    if (packet.payloadType === PayloadType.RAKP_1) return this.#desk.challenge(payload);
    if (packet.payloadType !== PayloadType.RAKP_3) return undefined;
    for (const open of this.#sessions.values()) if (open.rakp3.equals(payload)) return open.rakp4;
    const outcome = this.#desk.finish(payload);
    if (outcome?.login) this.#open(outcome.login, Buffer.from(payload), outcome.reply, remote);
    return outcome?.reply;
  }

  #open(login: Login, rakp3: Buffer, rakp4: Buffer, remote: RemoteInfo): void {
    const where = { address: remote.address, port: remote.port };
    const session = new LanSession({
      id: login.bmcSessionId,
      consoleSessionId: login.consoleSessionId,
      userId: login.userId,
      maxPrivilege: login.privilege,
      keys: login.keys,
      controller: this.#controller,
      send: (datagram) => this.#send(datagram, where),
      onClose: () => this.#sessions.delete(login.bmcSessionId),
    });
    this.#sessions.set(session.id, { session, remote: where, rakp3, rakp4 });
    this.#controller.sessionOpened(session);
  }

  #receiveInSession(packet: V2Packet, remote: RemoteInfo): void {
    const open = this.#sessions.get(packet.sessionId);
    // The console may have moved (a new lease, NAT): answers follow its authentic packets.
    const previous = open && { ...open.remote };
    if (!open || !previous) return;
    open.remote.address = remote.address;
    open.remote.port = remote.port;
    if (!open.session.receive(packet)) Object.assign(open.remote, previous);
  }

  async #answerSessionless(payload: Buffer, remote: Remote, encode: (payload: Buffer) => Buffer): Promise<void> {
    const request = decodeRequest(payload);
    if (!request) return;
    const response = await this.#controller.handle(request, { channel: Channel.LAN, privilege: 0 });
    this.#send(encode(encodeResponse(request, response)), remote);
  }

  #freeSessionId(): number | undefined {
    if (this.#sessions.size >= this.#maxSessions) return undefined;
    for (;;) {
      const id = randomInt(1, 0xffff_ffff);
      if (!this.#sessions.has(id) && !this.#desk.isPending(id)) return id;
    }
  }

  #closeIdle(): void {
    const oldest = performance.now() - this.#idleTimeoutMs;
    for (const { session } of this.#sessions.values()) if (session.lastHeard < oldest) session.close();
  }

  #send(datagram: Buffer, remote: Remote): void {
    this.#socket?.send(datagram, remote.port, remote.address);
  }
}
