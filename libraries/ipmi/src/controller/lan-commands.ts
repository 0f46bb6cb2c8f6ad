// LAN configuration parameters (table 23-4), to be read only: the address comes from outside.
import { isIPv4 } from "node:net";
import { CIPHER_SUITES } from "../cipher-suites.ts";
import { CompletionCode } from "../completion-codes.ts";
import { Channel, Command, NetFn, Privilege } from "../constants.ts";
import { type CommandHandler, commandKey, refuse, resolveChannel } from "./command.ts";

export interface LanIdentity {
  /** IPv4; anything else reads as 0.0.0.0. */
  readonly address: string;
  readonly mac: string;
  /** Bits, 0-32. */
  readonly prefixLength?: number;
  readonly gateway?: string;
}

/** Parameter numbers of table 23-4. */
export const LanParameter = { IP_ADDRESS: 3, MAC_ADDRESS: 5, SUBNET_MASK: 6 } as const;

const PARAMETER_REVISION = 0x11;
const ADDRESS_IS_STATIC = 0x01;
const ONLY_REVISION = 0x80;

export function lanCommands(lan: LanIdentity): [number, CommandHandler][] {
  const suites = Object.values(CIPHER_SUITES).map((suite) => suite.id);
  const privileges = suites.map(() => Privilege.ADMINISTRATOR);
  const parameters = new Map<number, Buffer>([
    [0, Buffer.of(0)],
    [1, Buffer.of(0)],
    [2, Buffer.alloc(5)],
    [LanParameter.IP_ADDRESS, ipv4(lan.address)],
    [4, Buffer.of(ADDRESS_IS_STATIC)],
    [LanParameter.MAC_ADDRESS, Buffer.from(lan.mac.replaceAll(":", ""), "hex")],
    [LanParameter.SUBNET_MASK, mask(lan.prefixLength ?? 24)],
    [12, ipv4(lan.gateway ?? "0.0.0.0")],
    [20, Buffer.alloc(2)],
    [21, Buffer.of(0)],
    [22, Buffer.of(suites.length)],
    [23, padded([0, ...suites], 17)],
    // One nibble a suite.
    [24, padded([0, privileges[0]! | (privileges[1]! << 4)], 9)],
  ]);
  return [
    [
      commandKey(NetFn.TRANSPORT, Command.GET_LAN_CONFIGURATION),
      {
        privilege: Privilege.USER,
        minLength: 4,
        run(data, caller) {
          resolveChannel(data[0]!, caller, [Channel.LAN]);
          if (data[0]! & ONLY_REVISION) return Buffer.of(PARAMETER_REVISION);
          const value = parameters.get(data[1]!) ?? refuse(CompletionCode.PARAMETER_NOT_SUPPORTED);
          return Buffer.concat([Buffer.of(PARAMETER_REVISION), value]);
        },
      },
    ],
    [
      commandKey(NetFn.TRANSPORT, Command.SET_LAN_CONFIGURATION),
      { privilege: Privilege.ADMINISTRATOR, run: () => refuse(CompletionCode.PARAMETER_NOT_SUPPORTED) },
    ],
  ];
}

function ipv4(address: string): Buffer {
  return Buffer.from(isIPv4(address) ? address.split(".").map(Number) : [0, 0, 0, 0]);
}

function mask(prefixLength: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0);
  return bytes;
}

function padded(bytes: number[], length: number): Buffer {
  return Buffer.concat([Buffer.from(bytes)], length);
}
