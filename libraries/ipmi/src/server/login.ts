// The BMC's half of the session set-up (§13.17-13.24). Logins that never finish are few and short-lived.
import { randomBytes, timingSafeEqual } from "node:crypto";
import { type CipherSuite, findCipherSuite } from "../cipher-suites.ts";
import { RmcpStatus } from "../completion-codes.ts";
import { PayloadType, Privilege } from "../constants.ts";
import { passwordKey, type UserTable } from "../controller/users.ts";
import { encodeSessionless } from "../packet.ts";
import { deriveSessionKeys, type SessionKeys } from "../protection.ts";
import {
  decodeOpenRequest,
  decodeRakp,
  decodeRakp1,
  encodeOpenResponse,
  encodeRakp,
  keyExchangeCodes,
  RANDOM_LENGTH,
} from "../rakp.ts";

export interface Login {
  readonly bmcSessionId: number;
  readonly consoleSessionId: number;
  readonly userId: number;
  readonly privilege: number;
  readonly keys: SessionKeys;
}

interface PendingLogin {
  readonly bmcSessionId: number;
  readonly consoleSessionId: number;
  readonly suite: CipherSuite;
  readonly started: number;
  challenge?: {
    readonly rakp1: Buffer;
    readonly reply: Buffer;
    readonly userId: number;
    readonly privilege: number;
    readonly codes: ReturnType<typeof keyExchangeCodes>;
  };
}

const MAX_PENDING = 32;
const LOGIN_TIMEOUT_MS = 20_000;
const NO_BODY = Buffer.alloc(0);

export class LoginDesk {
  readonly #users: UserTable;
  readonly #guid: Buffer;
  readonly #newSessionId: () => number | undefined;
  readonly #pending = new Map<number, PendingLogin>();

  /** @param newSessionId a free session id, or undefined when all slots are taken */
  constructor(users: UserTable, guid: Buffer, newSessionId: () => number | undefined) {
    this.#users = users;
    this.#guid = guid;
    this.#newSessionId = newSessionId;
  }

  openSession(payload: Buffer): Buffer | undefined {
    const request = decodeOpenRequest(payload);
    if (!request) return undefined;
    const suite = findCipherSuite(request.algorithms);
    const id = suite ? this.#newSessionId() : undefined;
    const { tag, consoleSessionId, algorithms } = request;
    const privilege = request.privilege || Privilege.ADMINISTRATOR;
    const answer = (status: number, bmcSessionId: number) =>
      encodeSessionless(
        PayloadType.OPEN_SESSION_RESPONSE,
        encodeOpenResponse({ tag, status, privilege, consoleSessionId, bmcSessionId }, algorithms),
      );
    if (!suite) return answer(RmcpStatus.NO_CIPHER_SUITE_MATCH, 0);
    if (id === undefined) return answer(RmcpStatus.INSUFFICIENT_RESOURCES, 0);
    this.#forgetStale();
    this.#pending.set(id, { bmcSessionId: id, consoleSessionId, suite, started: performance.now() });
    return answer(RmcpStatus.OK, id);
  }

  /** Answers who we are, and proves that we know the user's password. */
  challenge(payload: Buffer): Buffer | undefined {
    const rakp1 = decodeRakp1(payload);
    const pending = rakp1 && this.#pending.get(rakp1.bmcSessionId);
    if (!rakp1 || !pending) return undefined;
    if (pending.challenge) return pending.challenge.rakp1.equals(payload) ? pending.challenge.reply : undefined;
    const reply = (status: number, body: Buffer) =>
      encodeSessionless(
        PayloadType.RAKP_2,
        encodeRakp({ tag: rakp1.tag, status, sessionId: pending.consoleSessionId, body }),
      );
    const user = this.#users.findLogin(rakp1.user);
    const privilege = rakp1.role & 0x0f;
    if (!user) return this.#refuse(pending, reply(RmcpStatus.UNAUTHORIZED_NAME, NO_BODY));
    if (privilege < Privilege.CALLBACK || privilege > Privilege.ADMINISTRATOR)
      return this.#refuse(pending, reply(RmcpStatus.INVALID_ROLE, NO_BODY));
    if (user.privilege === Privilege.NO_ACCESS || privilege > user.privilege)
      return this.#refuse(pending, reply(RmcpStatus.UNAUTHORIZED_ROLE, NO_BODY));
    const bmcRandom = randomBytes(RANDOM_LENGTH);
    const exchange = { ...pending, ...rakp1, bmcRandom, guid: this.#guid };
    const codes = keyExchangeCodes(exchange, passwordKey(user.password));
    const rakp2 = reply(RmcpStatus.OK, Buffer.concat([bmcRandom, this.#guid, codes.rakp2]));
    pending.challenge = { rakp1: Buffer.from(payload), reply: rakp2, userId: user.id, privilege, codes };
    return rakp2;
  }

  /** Checks the console's proof. A login when it is good; either way with what to answer. */
  finish(payload: Buffer): { readonly reply: Buffer; readonly login?: Login } | undefined {
    const rakp3 = decodeRakp(payload);
    const pending = rakp3 && this.#pending.get(rakp3.sessionId);
    if (!rakp3 || !pending?.challenge) return undefined;
    this.#pending.delete(pending.bmcSessionId);
    // The console gave up, e.g. because our proof did not convince it.
    if (rakp3.status !== RmcpStatus.OK) return undefined;
    const { codes, userId, privilege } = pending.challenge;
    const reply = (status: number, body: Buffer) =>
      encodeSessionless(
        PayloadType.RAKP_4,
        encodeRakp({ tag: rakp3.tag, status, sessionId: pending.consoleSessionId, body }),
      );
    const proven = rakp3.body.length === codes.rakp3.length && timingSafeEqual(rakp3.body, codes.rakp3);
    if (!proven) return { reply: reply(RmcpStatus.INVALID_INTEGRITY_CHECK, NO_BODY) };
    const keys = deriveSessionKeys(pending.suite, codes.sessionIntegrityKey);
    const { bmcSessionId, consoleSessionId } = pending;
    return {
      reply: reply(RmcpStatus.OK, codes.rakp4),
      login: { bmcSessionId, consoleSessionId, userId, privilege, keys },
    };
  }

  isPending(id: number): boolean {
    return this.#pending.has(id);
  }

  #refuse(pending: PendingLogin, reply: Buffer): Buffer {
    this.#pending.delete(pending.bmcSessionId);
    return reply;
  }

  #forgetStale(): void {
    const oldest = performance.now() - LOGIN_TIMEOUT_MS;
    for (const [id, pending] of this.#pending) {
      if (pending.started < oldest || this.#pending.size >= MAX_PENDING) this.#pending.delete(id);
    }
  }
}
