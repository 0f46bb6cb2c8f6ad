import { Channel, Command, NetFn, PayloadType, Privilege } from "../constants.ts";
import type { CallerSession } from "../controller/command.ts";
import type { ManagementController } from "../controller/controller.ts";
import type { SolConsole } from "../controller/sol.ts";
import { decodeRequest, encodeResponse, type LanRequest } from "../message.ts";
import type { V2Packet } from "../packet.ts";
import { openPacket, sealPacket, type SessionKeys } from "../protection.ts";
import { SolLink } from "../sol.ts";
import { RecentAnswers } from "./recent-answers.ts";
import { SequenceWindow } from "./sequence-window.ts";

export interface LanSessionOptions {
  readonly id: number;
  readonly consoleSessionId: number;
  readonly userId: number;
  /** The highest level this session may have. */
  readonly maxPrivilege: number;
  readonly keys: SessionKeys;
  readonly controller: ManagementController;
  readonly send: (datagram: Buffer) => void;
  readonly onClose: () => void;
}

/** One logged-in remote console. */
export class LanSession implements CallerSession {
  readonly id: number;
  readonly userId: number;
  privilege: number;
  lastHeard = performance.now();
  readonly #options: LanSessionOptions;
  readonly #window = new SequenceWindow();
  readonly #answers = new RecentAnswers();
  #sequence = 0;
  #sol: { readonly link: SolLink; readonly unsubscribe: () => void } | undefined;
  #closed = false;

  constructor(options: LanSessionOptions) {
    this.#options = options;
    this.id = options.id;
    this.userId = options.userId;
    // A session starts as user, however much it may have (§13.17).
    this.privilege = Math.min(Privilege.USER, options.maxPrivilege);
  }

  raisePrivilege(privilege: number): boolean {
    if (privilege > this.#options.maxPrivilege) return false;
    this.privilege = privilege;
    return true;
  }

  /** False when the packet is not authentic, or was there before. */
  receive(packet: V2Packet): boolean {
    const payload = openPacket(this.#options.keys, packet);
    if (!payload || !this.#window.accept(packet.sequence)) return false;
    this.lastHeard = performance.now();
    if (packet.payloadType === PayloadType.SOL) this.#sol?.link.receive(payload);
    if (packet.payloadType === PayloadType.IPMI) {
      const request = decodeRequest(payload);
      if (request) void this.#answer(request);
    }
    return true;
  }

  attachConsole(console: SolConsole, onEnd: () => void): void {
    this.detachConsole();
    const link = new SolLink("bmc", {
      send: (payload) => this.#send(PayloadType.SOL, payload),
      onData: (data) => console.write(data),
      onEnd: () => {
        this.detachConsole();
        onEnd();
      },
    });
    this.#sol = { link, unsubscribe: console.subscribe((data) => link.write(data)) };
  }

  detachConsole(): void {
    this.#sol?.unsubscribe();
    this.#sol?.link.close();
    this.#sol = undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.detachConsole();
    this.#closed = true;
    this.#options.controller.sessionClosed(this);
    this.#options.onClose();
  }

  async #answer(request: LanRequest): Promise<void> {
    const caller = { channel: Channel.LAN, privilege: this.privilege, session: this };
    const response = await this.#answers.answer(request, () => this.#options.controller.handle(request, caller));
    this.#send(PayloadType.IPMI, encodeResponse(request, response));
    const closing = request.netFn === NetFn.APP && request.command === Command.CLOSE_SESSION;
    if (closing && response.completionCode === 0) this.close();
  }

  #send(payloadType: number, payload: Buffer): void {
    if (this.#closed) return;
    this.#sequence += 1;
    const header = { payloadType, sessionId: this.#options.consoleSessionId, sequence: this.#sequence };
    this.#options.send(sealPacket(this.#options.keys, header, payload));
  }
}
