// A BMC's users, as a remote console manages them (§22.26-22.30, §24.6).
import { Channel, Command, NetFn, PASSWORD_LENGTH, USER_NAME_LENGTH } from "../constants.ts";
import { decodeText, encodeName, passwordKey } from "../controller/users.ts";
import { IpmiError } from "../errors.ts";
import { atLeast } from "./commands.ts";
import type { Requester } from "./session.ts";

const SHORT_PASSWORD = 16;
const TWENTY_BYTES = 0x80;
const SET_PASSWORD = 2;
/** Set User Access: change the bits, link authentication and IPMI messaging on. */
const FULL_ACCESS = 0xb0;
const ENABLE_SOL = 0x02;
/** Get User Access, data 2, bits 7:6. */
const DISABLED = 2;

export async function getUserName(bmc: Requester, id: number): Promise<string> {
  const data = await bmc.request(NetFn.APP, Command.GET_USER_NAME, Buffer.of(id));
  return decodeText(atLeast(USER_NAME_LENGTH, data, "Get User Name"));
}

/** @param name at most 16 characters */
export async function setUserName(bmc: Requester, id: number, name: string): Promise<void> {
  if (name.length > USER_NAME_LENGTH)
    throw new RangeError(`a BMC's user name has at most ${USER_NAME_LENGTH} characters`);
  await bmc.request(NetFn.APP, Command.SET_USER_NAME, Buffer.concat([Buffer.of(id), encodeName(name)]));
}

/** @param password at most 20 characters; up to 16 it is sent in the short form, which every BMC knows */
export async function setUserPassword(bmc: Requester, id: number, password: string): Promise<void> {
  if (password.length > PASSWORD_LENGTH)
    throw new RangeError(`a BMC's password has at most ${PASSWORD_LENGTH} characters`);
  const short = password.length <= SHORT_PASSWORD;
  const key = short ? passwordKey(password).subarray(0, SHORT_PASSWORD) : passwordKey(password);
  const head = Buffer.of(short ? id : id | TWENTY_BYTES, SET_PASSWORD);
  await bmc.request(NetFn.APP, Command.SET_USER_PASSWORD, Buffer.concat([head, key]));
}

export async function enableUser(bmc: Requester, id: number, enabled: boolean): Promise<void> {
  await bmc.request(NetFn.APP, Command.SET_USER_PASSWORD, Buffer.of(id, enabled ? 1 : 0));
}

/** Lets the user in over LAN with the privilege given (1-4). */
export async function grantAccess(bmc: Requester, id: number, privilege: number): Promise<void> {
  await bmc.request(NetFn.APP, Command.SET_USER_ACCESS, Buffer.of(FULL_ACCESS | Channel.LAN, id, privilege, 0));
}

/** Lets the user see the serial console over LAN. */
export async function grantSol(bmc: Requester, id: number): Promise<void> {
  const payloads = Buffer.of(Channel.LAN, id, ENABLE_SOL, 0, 0, 0);
  await bmc.request(NetFn.APP, Command.SET_USER_PAYLOAD_ACCESS, payloads);
}

export interface UserAccess {
  readonly enabled: boolean;
  readonly ipmiMessaging: boolean;
  /** 1-4, or 15 for none. */
  readonly privilege: number;
}

export async function getUserAccess(bmc: Requester, id: number): Promise<UserAccess> {
  const data = await bmc.request(NetFn.APP, Command.GET_USER_ACCESS, Buffer.of(Channel.LAN, id));
  if (data.length < 4) throw new IpmiError("malformed", "the BMC's answer to Get User Access is too short");
  return {
    // 00 means "unspecified", as BMCs older than the errata have it.
    enabled: data[1]! >> 6 !== DISABLED,
    ipmiMessaging: (data[3]! & 0x10) !== 0,
    privilege: data[3]! & 0x0f,
  };
}
