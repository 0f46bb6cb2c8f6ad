// Reading and writing the values of options. A reader returns undefined when the option is absent or malformed.
import { formatIpv4, ipv4Bytes } from "./address.ts";
import { guidToUuid } from "./guid.ts";
import { Option } from "./option-codes.ts";
import { decodeEncapsulated, type Options } from "./options.ts";
import type { DhcpPacket } from "./packet.ts";

export function ipv4Value(...addresses: readonly string[]): Uint8Array {
  return Uint8Array.from(addresses.flatMap((address) => [...ipv4Bytes(address)]));
}

export function textValue(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

export function uint8Value(number: number): Uint8Array {
  return Uint8Array.of(number);
}

export function uint32Value(number: number): Uint8Array {
  return Uint8Array.from([24, 16, 8, 0], (shift) => (number >>> shift) & 0xff);
}

/** Text without the zero byte that some clients put at its end (RFC 2132 §2). */
export function readText(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value).toString("latin1").replace(/\0+$/, "");
}

export function readIpv4(value: Uint8Array | undefined): string | undefined {
  return value?.length === 4 ? formatIpv4(Buffer.from(value).readUInt32BE()) : undefined;
}

/** What a client says of itself and wants, read from its packet. */
export interface Client {
  /** One of `MessageType`. */
  readonly messageType: number | undefined;
  readonly requestedAddress: string | undefined;
  readonly serverIdentifier: string | undefined;
  /** Option codes it wants to be told, in its order; empty when it does not say. */
  readonly parameterRequestList: readonly number[];
  /** Largest IP datagram it accepts, in bytes; at least 576 (RFC 2132 §9.10). */
  readonly maxMessageSize: number | undefined;
  readonly vendorClass: string | undefined;
  readonly userClasses: readonly string[];
  /** In order of its preference; see `Architecture`. */
  readonly architectures: readonly number[];
  /** Canonical SMBIOS UUID. */
  readonly uuid: string | undefined;
  readonly hostName: string | undefined;
  /** iPXE's own options, by iPXE's numbers. */
  readonly ipxe: Options | undefined;
}

export function readClient(packet: DhcpPacket): Client {
  const { options } = packet;
  const maxMessageSize = readUint16s(options.get(Option.MAX_MESSAGE_SIZE))[0];
  return {
    messageType: options.get(Option.MESSAGE_TYPE)?.[0],
    requestedAddress: readIpv4(options.get(Option.REQUESTED_ADDRESS)),
    serverIdentifier: readIpv4(options.get(Option.SERVER_IDENTIFIER)),
    parameterRequestList: [...(options.get(Option.PARAMETER_REQUEST_LIST) ?? [])],
    maxMessageSize: maxMessageSize !== undefined && maxMessageSize >= 576 ? maxMessageSize : undefined,
    vendorClass: readText(options.get(Option.VENDOR_CLASS)),
    userClasses: readUserClasses(options.get(Option.USER_CLASS)),
    architectures: readUint16s(options.get(Option.CLIENT_ARCHITECTURE)),
    uuid: guidToUuid(options.get(Option.CLIENT_GUID)),
    hostName: readText(options.get(Option.HOST_NAME)),
    ipxe: decodeEncapsulated(options.get(Option.IPXE)),
  };
}

/**
 * Option 77 in both forms found in the wild: the list of counted texts of RFC 3004 §4 and the single plain text of iPXE.
 * Counted only when the counts fill the option exactly, which no plain text of letters does.
 */
export function readUserClasses(value: Uint8Array | undefined): string[] {
  if (value === undefined || value.length === 0) return [];
  const classes: string[] = [];
  let at = 0;
  while (at < value.length) {
    const length = value[at]!;
    if (length === 0 || at + 1 + length > value.length) return [readText(value)!];
    classes.push(Buffer.from(value.subarray(at + 1, at + 1 + length)).toString("latin1"));
    at += 1 + length;
  }
  return classes;
}

function readUint16s(value: Uint8Array | undefined): number[] {
  if (value === undefined || value.length % 2 !== 0) return [];
  return Array.from({ length: value.length / 2 }, (_, i) => value[2 * i]! * 256 + value[2 * i + 1]!);
}
