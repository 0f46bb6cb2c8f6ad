import { CompletionCode } from "../completion-codes.ts";
import { Channel, Command, NetFn, Privilege } from "../constants.ts";
import { encodeGuid } from "../guid.ts";
import { type CommandHandler, commandKey, NO_DATA, refuse } from "./command.ts";

export interface DeviceIdentity {
  /** The machine's SMBIOS uuid. */
  readonly uuid: string;
  /** Firmware revision: major 0-127, minor 0-99. */
  readonly firmware: { readonly major: number; readonly minor: number };
  /** IANA enterprise number, and the maker's own product number. */
  readonly manufacturerId: number;
  readonly productId: number;
}

/** IPMI 2.0, in the byte's BCD order (§20.1). */
const IPMI_VERSION = 0x02;
/** Chassis device, FRU inventory and a repository of sensor data records; no sensors, no event log. */
const SUPPORTED_DEVICES = 0x8a;
const SELF_TEST_PASSED = 0x55;

export function deviceCommands(identity: DeviceIdentity): [number, CommandHandler][] {
  const guid = encodeGuid(identity.uuid);
  const { major, minor } = identity.firmware;
  const deviceId = Buffer.alloc(15);
  deviceId[0] = 0x20;
  deviceId[1] = 0x01;
  deviceId[2] = major & 0x7f;
  deviceId[3] = (Math.floor(minor / 10) << 4) | (minor % 10);
  deviceId[4] = IPMI_VERSION;
  deviceId[5] = SUPPORTED_DEVICES;
  deviceId.writeUIntLE(identity.manufacturerId, 6, 3);
  deviceId.writeUInt16LE(identity.productId, 9);
  // What Linux's ipmi_si switches on at start; kept, but nothing here raises events.
  let globalEnables = 0;
  const fixed = (privilege: number, answer: Buffer): CommandHandler => ({ privilege, run: () => answer });
  return [
    [commandKey(NetFn.APP, Command.GET_DEVICE_ID), fixed(Privilege.USER, deviceId)],
    [commandKey(NetFn.APP, Command.GET_SELF_TEST_RESULTS), fixed(Privilege.USER, Buffer.of(SELF_TEST_PASSED, 0))],
    [commandKey(NetFn.APP, Command.GET_DEVICE_GUID), fixed(Privilege.USER, guid)],
    [commandKey(NetFn.APP, Command.GET_SYSTEM_GUID), fixed(0, guid)],
    [
      commandKey(NetFn.APP, Command.SET_BMC_GLOBAL_ENABLES),
      {
        privilege: Privilege.ADMINISTRATOR,
        minLength: 1,
        run(data, caller) {
          if (caller.channel !== Channel.SYSTEM_INTERFACE) refuse(CompletionCode.INVALID_COMMAND);
          globalEnables = data[0]!;
          return NO_DATA;
        },
      },
    ],
    [
      commandKey(NetFn.APP, Command.GET_BMC_GLOBAL_ENABLES),
      { privilege: Privilege.USER, run: () => Buffer.of(globalEnables) },
    ],
    [commandKey(NetFn.APP, Command.CLEAR_MESSAGE_FLAGS), fixed(Privilege.ADMINISTRATOR, NO_DATA)],
    [commandKey(NetFn.APP, Command.GET_MESSAGE_FLAGS), fixed(Privilege.ADMINISTRATOR, Buffer.of(0))],
  ];
}
