import { CompletionCode } from "../completion-codes.ts";
import { Channel, Command, MAX_USERS, NetFn, PASSWORD_LENGTH, Privilege, USER_NAME_LENGTH } from "../constants.ts";
import { type CommandHandler, commandKey, NO_DATA, refuse, resolveChannel } from "./command.ts";
import { decodeText, encodeName, type UserTable } from "./users.ts";

const CHANNELS = [Channel.LAN, Channel.SYSTEM_INTERFACE];

/** Set User Password operations (§22.30). */
const Operation = { DISABLE: 0, ENABLE: 1, SET: 2, TEST: 3 } as const;
const TWENTY_BYTES = 0x80;
const SHORT_PASSWORD = 16;

/** Bits of Set/Get User Access (§22.26, 22.27). */
const CHANGE_ACCESS = 0x80;
const LINK_AUTHENTICATION = 0x20;
const IPMI_MESSAGING = 0x10;
const ENABLED = 0x40;
const DISABLED = 0x80;
/** Bit 1 of the standard payloads: SOL (§24.6). */
const SOL_PAYLOAD = 0x02;
const DISABLE_PAYLOADS = 0x40;

export function userCommands(users: UserTable): [number, CommandHandler][] {
  return [
    [
      commandKey(NetFn.APP, Command.SET_USER_NAME),
      {
        privilege: Privilege.ADMINISTRATOR,
        minLength: 1 + USER_NAME_LENGTH,
        run(data) {
          const id = data[0]! & 0x3f;
          const name = decodeText(data.subarray(1, 1 + USER_NAME_LENGTH));
          if (name !== "" && users.list().some((user) => user.name === name && user.id !== id))
            refuse(CompletionCode.INVALID_DATA_FIELD);
          users.change(id, { name });
          return NO_DATA;
        },
      },
    ],
    [
      commandKey(NetFn.APP, Command.GET_USER_NAME),
      {
        privilege: Privilege.OPERATOR,
        minLength: 1,
        run: (data) => encodeName(users.get(data[0]! & 0x3f).name),
      },
    ],
    [
      commandKey(NetFn.APP, Command.SET_USER_PASSWORD),
      { privilege: Privilege.ADMINISTRATOR, minLength: 2, run: (data) => setPassword(users, data) },
    ],
    [
      commandKey(NetFn.APP, Command.SET_USER_ACCESS),
      {
        privilege: Privilege.ADMINISTRATOR,
        minLength: 3,
        run(data, caller) {
          resolveChannel(data[0]!, caller, CHANNELS);
          const privilege = data[2]! & 0x0f;
          if (privilege === 0 || (privilege > Privilege.ADMINISTRATOR && privilege !== Privilege.NO_ACCESS))
            refuse(CompletionCode.INVALID_DATA_FIELD);
          const access = {
            ipmiMessaging: (data[0]! & IPMI_MESSAGING) !== 0,
            linkAuthentication: (data[0]! & LINK_AUTHENTICATION) !== 0,
          };
          users.change(data[1]! & 0x3f, { privilege, ...(data[0]! & CHANGE_ACCESS ? access : {}) });
          return NO_DATA;
        },
      },
    ],
    [
      commandKey(NetFn.APP, Command.GET_USER_ACCESS),
      {
        privilege: Privilege.OPERATOR,
        minLength: 2,
        run(data, caller) {
          resolveChannel(data[0]!, caller, CHANNELS);
          const user = users.get(data[1]! & 0x3f);
          return Buffer.of(
            MAX_USERS,
            (user.enabled ? ENABLED : DISABLED) | users.enabledCount,
            1,
            (user.linkAuthentication ? LINK_AUTHENTICATION : 0) |
              (user.ipmiMessaging ? IPMI_MESSAGING : 0) |
              user.privilege,
          );
        },
      },
    ],
    [
      commandKey(NetFn.APP, Command.SET_USER_PAYLOAD_ACCESS),
      {
        privilege: Privilege.ADMINISTRATOR,
        minLength: 6,
        run(data, caller) {
          resolveChannel(data[0]!, caller, CHANNELS);
          if (data[2]! & SOL_PAYLOAD) users.change(data[1]! & 0x3f, { solAccess: (data[1]! & DISABLE_PAYLOADS) === 0 });
          return NO_DATA;
        },
      },
    ],
    [
      commandKey(NetFn.APP, Command.GET_USER_PAYLOAD_ACCESS),
      {
        privilege: Privilege.OPERATOR,
        minLength: 2,
        run(data, caller) {
          resolveChannel(data[0]!, caller, CHANNELS);
          return Buffer.of(users.get(data[1]! & 0x3f).solAccess ? SOL_PAYLOAD : 0, 0, 0, 0);
        },
      },
    ],
  ];
}

function setPassword(users: UserTable, data: Buffer): Buffer {
  const id = data[0]! & 0x3f;
  const operation = data[1]! & 0x03;
  if (operation === Operation.ENABLE || operation === Operation.DISABLE) {
    users.change(id, { enabled: operation === Operation.ENABLE });
    return NO_DATA;
  }
  const length = data[0]! & TWENTY_BYTES ? PASSWORD_LENGTH : SHORT_PASSWORD;
  if (data.length < 2 + length) refuse(CompletionCode.DATA_LENGTH_INVALID);
  const password = decodeText(data.subarray(2, 2 + length));
  if (operation === Operation.SET) {
    users.change(id, { password });
  } else {
    // A password longer than 16 can only be tested in the 20-byte form (§22.30).
    if (length === SHORT_PASSWORD && users.get(id).password.length > SHORT_PASSWORD)
      refuse(CompletionCode.PASSWORD_WRONG_SIZE);
    if (!users.passwordMatches(id, password)) refuse(CompletionCode.PASSWORD_MISMATCH);
  }
  return NO_DATA;
}
