// The commands that a remote console needs, by name. All throw IpmiError (see errors.ts).
import { BootParameter, type BootFlags, decodeBootFlags, encodeBootFlags } from "../boot-flags.ts";
import { Channel, Command, NetFn } from "../constants.ts";
import { POWER_ACTIONS, type PowerAction } from "../controller/chassis-commands.ts";
import { LanParameter } from "../controller/lan-commands.ts";
import { IpmiError } from "../errors.ts";
import type { Requester } from "./session.ts";

export interface DeviceId {
  /** "major.minor", as vendors print it. */
  readonly firmware: string;
  readonly manufacturerId: number;
  readonly productId: number;
}

export async function getDeviceId(bmc: Requester): Promise<DeviceId> {
  const data = atLeast(11, await bmc.request(NetFn.APP, Command.GET_DEVICE_ID), "Get Device ID");
  return {
    firmware: `${data[2]! & 0x7f}.${data[3]!.toString(16).padStart(2, "0")}`,
    manufacturerId: data.readUIntLE(6, 3) & 0x0f_ffff,
    productId: data.readUInt16LE(9),
  };
}

/** Sixteen bytes in the BMC's own order: see `guessGuid`. */
export async function getSystemGuid(bmc: Requester): Promise<Buffer> {
  return atLeast(16, await bmc.request(NetFn.APP, Command.GET_SYSTEM_GUID), "Get System GUID").subarray(0, 16);
}

export interface ChassisStatus {
  readonly powered: boolean;
  /** Undefined when the BMC does not tell. */
  readonly identify?: boolean;
}

export async function getChassisStatus(bmc: Requester): Promise<ChassisStatus> {
  const data = atLeast(3, await bmc.request(NetFn.CHASSIS, Command.GET_CHASSIS_STATUS), "Get Chassis Status");
  const tells = (data[2]! & 0x40) !== 0;
  return { powered: (data[0]! & 1) !== 0, ...(tells && { identify: (data[2]! & 0x30) !== 0 }) };
}

/** Refused with 0xd5 by a machine that is off, except for "on" and "off". */
export async function chassisControl(bmc: Requester, action: PowerAction): Promise<void> {
  await bmc.request(NetFn.CHASSIS, Command.CHASSIS_CONTROL, Buffer.of(POWER_ACTIONS.indexOf(action)));
}

/** Switches the identify LED on for good, or off. */
export async function chassisIdentify(bmc: Requester, on: boolean): Promise<void> {
  const data = on ? Buffer.of(0, 1) : Buffer.of(0);
  await bmc.request(NetFn.CHASSIS, Command.CHASSIS_IDENTIFY, data);
}

/** Values of parameter 0 (table 28-14). */
const SET_IN_PROGRESS = 1;
const COMMIT_WRITE = 2;
const SET_COMPLETE = 0;

/** Sets what the next boot, or with `persistent` every boot, starts from. */
export async function setBootFlags(bmc: Requester, flags: BootFlags | undefined): Promise<void> {
  const set = (parameter: number, ...value: number[]) =>
    bmc.request(NetFn.CHASSIS, Command.SET_BOOT_OPTIONS, Buffer.of(parameter, ...value));
  // Not every BMC has the lock, the acknowledge or the commit; what counts is parameter 5.
  const tryToSet = (parameter: number, ...value: number[]) => set(parameter, ...value).catch(ignoreRefusal);
  await tryToSet(BootParameter.SET_IN_PROGRESS, SET_IN_PROGRESS);
  await tryToSet(BootParameter.INFO_ACKNOWLEDGE, 1, 1);
  try {
    await set(BootParameter.BOOT_FLAGS, ...encodeBootFlags(flags));
    await tryToSet(BootParameter.SET_IN_PROGRESS, COMMIT_WRITE);
  } finally {
    await tryToSet(BootParameter.SET_IN_PROGRESS, SET_COMPLETE);
  }
}

export async function getBootFlags(bmc: Requester): Promise<BootFlags | undefined> {
  const request = Buffer.of(BootParameter.BOOT_FLAGS, 0, 0);
  const data = await bmc.request(NetFn.CHASSIS, Command.GET_BOOT_OPTIONS, request);
  return decodeBootFlags(atLeast(7, data, "Get System Boot Options").subarray(2));
}

/** "aa:bb:cc:dd:ee:ff" */
export async function getLanMac(bmc: Requester, channel: number = Channel.LAN): Promise<string> {
  const request = Buffer.of(channel, LanParameter.MAC_ADDRESS, 0, 0);
  const data = atLeast(7, await bmc.request(NetFn.TRANSPORT, Command.GET_LAN_CONFIGURATION, request), "LAN MAC");
  return [...data.subarray(1, 7)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

export async function getLanAddress(bmc: Requester, channel: number = Channel.LAN): Promise<string> {
  const request = Buffer.of(channel, LanParameter.IP_ADDRESS, 0, 0);
  const data = atLeast(5, await bmc.request(NetFn.TRANSPORT, Command.GET_LAN_CONFIGURATION, request), "LAN address");
  return data.subarray(1, 5).join(".");
}

export function atLeast(length: number, data: Buffer, what: string): Buffer {
  if (data.length >= length) return data;
  throw new IpmiError("malformed", `the BMC's answer to ${what} has ${data.length} bytes instead of ${length}`);
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof IpmiError) || error.kind !== "completion") throw error;
}
