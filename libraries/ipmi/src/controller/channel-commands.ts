import { CIPHER_SUITES, encodeCipherSuites } from "../cipher-suites.ts";
import { CompletionCode } from "../completion-codes.ts";
import { Channel, Command, NetFn, Privilege } from "../constants.ts";
import { type CommandHandler, commandKey, NO_DATA, refuse, resolveChannel } from "./command.ts";

const CHANNELS = [Channel.LAN, Channel.SYSTEM_INTERFACE];

/** Only RMCP+ logins, no IPMI 1.5 ones; per-message authentication is always on; only named users (§22.13). */
const EXTENDED_CAPABILITIES = 0x80;
const NAMED_USERS_ONLY = 0x04;
const IPMI_2 = 0x02;

/** Medium and protocol numbers of tables 6-3 and 6-2. */
const LAN_INFO = { medium: 0x04, protocol: 0x01, sessions: 0x80 };
const KCS_INFO = { medium: 0x0c, protocol: 0x05, sessions: 0x00 };
/** IPMI forum's own number stands for "protocol by the IPMI specification" (§22.24). */
const IPMI_FORUM = [0xf2, 0x1b, 0x00];

/** Always available, per-message and user authentication on (§22.23). */
const CHANNEL_ACCESS = 0x02;
const LIST_BY_SUITE = 0x80;
const SUITES_PER_ANSWER = 16;

export function channelCommands(openSessions: () => number): [number, CommandHandler][] {
  const suites = encodeCipherSuites(Object.values(CIPHER_SUITES));
  return [
    [
      commandKey(NetFn.APP, Command.GET_CHANNEL_AUTHENTICATION_CAPABILITIES),
      {
        privilege: 0,
        minLength: 2,
        run(data, caller) {
          const channel = resolveChannel(data[0]!, caller, CHANNELS);
          return Buffer.of(channel, EXTENDED_CAPABILITIES, NAMED_USERS_ONLY, IPMI_2, 0, 0, 0, 0);
        },
      },
    ],
    [
      commandKey(NetFn.APP, Command.GET_CHANNEL_CIPHER_SUITES),
      {
        privilege: 0,
        minLength: 3,
        run(data, caller) {
          const channel = resolveChannel(data[0]!, caller, CHANNELS);
          if (!(data[2]! & LIST_BY_SUITE)) refuse(CompletionCode.INVALID_DATA_FIELD);
          const start = (data[2]! & 0x3f) * SUITES_PER_ANSWER;
          return Buffer.concat([Buffer.of(channel), suites.subarray(start, start + SUITES_PER_ANSWER)]);
        },
      },
    ],
    [
      commandKey(NetFn.APP, Command.GET_CHANNEL_INFO),
      {
        privilege: Privilege.USER,
        minLength: 1,
        run(data, caller) {
          const channel = resolveChannel(data[0]!, caller, CHANNELS);
          const info = channel === Channel.LAN ? LAN_INFO : KCS_INFO;
          const active = channel === Channel.LAN ? openSessions() & 0x3f : 0;
          return Buffer.of(channel, info.medium, info.protocol, info.sessions | active, ...IPMI_FORUM, 0, 0);
        },
      },
    ],
    [
      commandKey(NetFn.APP, Command.GET_CHANNEL_ACCESS),
      {
        privilege: Privilege.USER,
        minLength: 2,
        run(data, caller) {
          resolveChannel(data[0]!, caller, [Channel.LAN]);
          return Buffer.of(CHANNEL_ACCESS, Privilege.ADMINISTRATOR);
        },
      },
    ],
    [
      commandKey(NetFn.APP, Command.SET_SESSION_PRIVILEGE_LEVEL),
      {
        privilege: Privilege.CALLBACK,
        minLength: 1,
        run(data, caller) {
          const session = caller.session ?? refuse(CompletionCode.INVALID_COMMAND);
          const wanted = data[0]! & 0x0f;
          if (wanted !== 0 && !session.raisePrivilege(wanted)) refuse(CompletionCode.PRIVILEGE_NOT_AVAILABLE);
          return Buffer.of(session.privilege);
        },
      },
    ],
    [
      commandKey(NetFn.APP, Command.CLOSE_SESSION),
      {
        privilege: Privilege.CALLBACK,
        minLength: 4,
        // Only one's own session; the LAN server ends it after the answer is sent.
        run(data, caller) {
          if (caller.session?.id !== data.readUInt32LE(0)) refuse(CompletionCode.INVALID_SESSION_ID);
          return NO_DATA;
        },
      },
    ],
  ];
}
