// The remote console's half of the session set-up (§13.17-13.24).
import { randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import type { CipherSuite } from "../cipher-suites.ts";
import { describeRmcpStatus, RmcpStatus } from "../completion-codes.ts";
import { PayloadType } from "../constants.ts";
import { passwordKey } from "../controller/users.ts";
import { IpmiError, type IpmiErrorKind } from "../errors.ts";
import { encodeSessionless, type V2Packet } from "../packet.ts";
import { deriveSessionKeys, type SessionKeys } from "../protection.ts";
import {
  decodeOpenResponse,
  decodeRakp,
  decodeRakp2Body,
  encodeOpenRequest,
  encodeRakp,
  encodeRakp1,
  keyExchangeCodes,
  RANDOM_LENGTH,
} from "../rakp.ts";
import type { Patience, Peer } from "./peer.ts";

export interface Credentials {
  readonly user: string;
  readonly password: string;
  readonly privilege: number;
}

export interface LoggedIn {
  readonly consoleSessionId: number;
  readonly bmcSessionId: number;
  readonly keys: SessionKeys;
}

/** "Look the user up by name only" (§13.20): the privilege is a wish, not a second key. */
const NAME_ONLY = 0x10;

/** Statuses 0x03-0x07 and 0x10, 0x11: the BMC does not have one of the algorithms. */
const UNSUPPORTED: readonly number[] = [0x03, 0x04, 0x05, 0x06, 0x07, 0x10, RmcpStatus.NO_CIPHER_SUITE_MATCH];
const WRONG_USER: readonly number[] = [
  RmcpStatus.UNAUTHORIZED_NAME,
  RmcpStatus.UNAUTHORIZED_ROLE,
  RmcpStatus.INVALID_ROLE,
];

/** Logs in; throws IpmiError "wrong-user", "wrong-password", "unsupported-suite", "refused" or "unreachable". */
export async function logIn(
  peer: Peer,
  credentials: Credentials,
  suite: CipherSuite,
  patience: Patience,
  signal?: AbortSignal,
): Promise<LoggedIn> {
  const consoleSessionId = randomInt(1, 0xffff_ffff);
  const firstTag = randomInt(0, 0xf0);
  const fail = (kind: IpmiErrorKind, message: string) => new IpmiError(kind, `${message} at ${peer.name}`);
  const check = (status: number) => {
    if (status === RmcpStatus.OK) return;
    if (WRONG_USER.includes(status))
      throw fail("wrong-user", `the BMC refuses user "${credentials.user}": ${describeRmcpStatus(status)}`);
    if (UNSUPPORTED.includes(status))
      throw fail("unsupported-suite", `the BMC has no cipher suite ${suite.id}: ${describeRmcpStatus(status)}`);
    if (status === RmcpStatus.INVALID_INTEGRITY_CHECK)
      throw fail("wrong-password", `the BMC refuses the password of "${credentials.user}"`);
    throw fail("refused", `the BMC refuses a session: ${describeRmcpStatus(status)}`);
  };
  const ask = async <T extends { readonly tag: number; readonly status: number }>(
    type: number,
    payload: Buffer,
    answerType: number,
    decode: (payload: Buffer) => T | undefined,
    receiver: (answer: T) => number,
  ): Promise<T> => {
    const tag = payload[0]!;
    const accept = (packet: V2Packet) => {
      if (packet.payloadType !== answerType || packet.sessionId !== 0) return undefined;
      const answer = decode(packet.payload);
      if (!answer || answer.tag !== tag) return undefined;
      const anonymousRefusal = answer.status !== RmcpStatus.OK && receiver(answer) === 0;
      return receiver(answer) === consoleSessionId || anonymousRefusal ? answer : undefined;
    };
    const answer = await peer.exchange(() => encodeSessionless(type, payload), accept, patience, signal);
    check(answer.status);
    return answer;
  };

  const opened = await ask(
    PayloadType.OPEN_SESSION_REQUEST,
    encodeOpenRequest({ tag: firstTag, privilege: credentials.privilege, consoleSessionId, algorithms: suite }),
    PayloadType.OPEN_SESSION_RESPONSE,
    decodeOpenResponse,
    (answer) => answer.consoleSessionId,
  );
  const { bmcSessionId } = opened;
  const role = NAME_ONLY | credentials.privilege;
  const consoleRandom = randomBytes(RANDOM_LENGTH);
  const challenge = await ask(
    PayloadType.RAKP_1,
    encodeRakp1({ tag: firstTag + 1, bmcSessionId, consoleRandom, role, user: credentials.user }),
    PayloadType.RAKP_2,
    decodeRakp,
    (answer) => answer.sessionId,
  );
  const body = decodeRakp2Body(challenge.body) ?? raise(fail("malformed", "RAKP 2 is too short"));
  const exchange = { suite, user: credentials.user, role, consoleSessionId, bmcSessionId, consoleRandom, ...body };
  const codes = keyExchangeCodes(exchange, passwordKey(credentials.password));
  const proven = same(body.code, codes.rakp2);
  const proof = encodeRakp({
    tag: firstTag + 2,
    status: proven ? RmcpStatus.OK : RmcpStatus.INVALID_INTEGRITY_CHECK,
    sessionId: bmcSessionId,
    body: proven ? codes.rakp3 : Buffer.alloc(0),
  });
  if (!proven) {
    // Lets the BMC free the slot; whether it hears us does not matter.
    peer.send(encodeSessionless(PayloadType.RAKP_3, proof));
    throw fail("wrong-password", `the password of "${credentials.user}" is not the BMC's`);
  }
  const confirmed = await ask(PayloadType.RAKP_3, proof, PayloadType.RAKP_4, decodeRakp, (answer) => answer.sessionId);
  if (!same(confirmed.body, codes.rakp4)) throw fail("wrong-password", "the BMC could not prove the session's keys");
  return { consoleSessionId, bmcSessionId, keys: deriveSessionKeys(suite, codes.sessionIntegrityKey) };
}

function same(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

function raise(error: Error): never {
  throw error;
}
