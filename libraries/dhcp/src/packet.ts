// The fixed part of a DHCP packet (RFC 2131 §2) around its options.
import { formatIpv4, formatMac, ipv4Bytes } from "./address.ts";
import { DhcpFormatError, decodeOptions, encodeOptions, type Options } from "./options.ts";
import { Option } from "./option-codes.ts";

export const BOOT_REQUEST = 1;
export const BOOT_REPLY = 2;
export const HARDWARE_ETHERNET = 1;

/** Largest packet that is looked at: what fits into an Ethernet frame without fragments. */
export const MAX_PACKET_BYTES = 1_472;
/** A client must accept 576-byte datagrams (RFC 2131 §2), which leaves this for us after the IP and UDP headers. */
export const MIN_MAX_PACKET_BYTES = 548;
/** BOOTP relays and some firmware drop anything shorter (RFC 1542 §2.1). */
const PADDED_BYTES = 300;

const MAGIC_COOKIE = Uint8Array.of(99, 130, 83, 99);
const BROADCAST_FLAG = 0x8000;
const CHADDR_BYTES = 16;
const AT = { ciaddr: 12, yiaddr: 16, siaddr: 20, giaddr: 24, chaddr: 28, sname: 44, file: 108, cookie: 236 };
const OPTIONS_AT = 240;
const SERVER_NAME_BYTES = 64;
const FILE_BYTES = 128;

/** A DHCP packet. Addresses are dotted text, "0.0.0.0" when not set. */
export interface DhcpPacket {
  readonly op: typeof BOOT_REQUEST | typeof BOOT_REPLY;
  readonly hardwareType: number;
  readonly hops: number;
  /** 32 bits, chosen by the client. */
  readonly transactionId: number;
  /** Seconds since the client began, 16 bits. */
  readonly seconds: number;
  /** The client cannot receive unicast before it has an address. */
  readonly broadcast: boolean;
  /** ciaddr: the address the client has and can answer ARP for. */
  readonly clientAddress: string;
  /** yiaddr: the address given to the client. */
  readonly yourAddress: string;
  /** siaddr: where the boot file is. */
  readonly nextServer: string;
  /** giaddr: the relay that forwarded the request. */
  readonly relayAddress: string;
  /** chaddr: up to 16 bytes, 6 for Ethernet. */
  readonly hardwareAddress: Uint8Array;
  /** sname, Latin-1, at most 63 bytes. */
  readonly serverName: string;
  /** file, Latin-1, at most 127 bytes. */
  readonly bootFile: string;
  readonly options: Options;
}

/** Reads a packet. Throws {@link DhcpFormatError} for anything that is not one; any input ends, whatever it holds. */
export function decodePacket(received: Uint8Array): DhcpPacket {
  // A copy that is no Buffer: what is cut out of a Buffer would stay part of it.
  const bytes = new Uint8Array(received);
  if (bytes.length < OPTIONS_AT) throw new DhcpFormatError(`${bytes.length} bytes are too few for a DHCP packet`);
  if (bytes.length > MAX_PACKET_BYTES) throw new DhcpFormatError(`${bytes.length} bytes are too many`);
  if (!MAGIC_COOKIE.every((byte, i) => bytes[AT.cookie + i] === byte)) throw new DhcpFormatError("no magic cookie");
  const op = bytes[0];
  if (op !== BOOT_REQUEST && op !== BOOT_REPLY) throw new DhcpFormatError(`unknown op ${op}`);
  const hardwareLength = bytes[2]!;
  if (hardwareLength > CHADDR_BYTES) throw new DhcpFormatError(`hardware address of ${hardwareLength} bytes`);

  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const address = (at: number) => formatIpv4(view.getUint32(at));
  const file = bytes.subarray(AT.file, AT.file + FILE_BYTES);
  const serverName = bytes.subarray(AT.sname, AT.sname + SERVER_NAME_BYTES);
  const options: Options = new Map();
  decodeOptions(bytes.subarray(OPTIONS_AT), options);
  const overload = options.get(Option.OVERLOAD)?.[0] ?? 0;
  options.delete(Option.OVERLOAD);
  if (overload & 1) decodeOptions(file, options);
  if (overload & 2) decodeOptions(serverName, options);
  options.delete(Option.OVERLOAD);

  return {
    op,
    hardwareType: bytes[1]!,
    hops: bytes[3]!,
    transactionId: view.getUint32(4),
    seconds: view.getUint16(8),
    broadcast: (view.getUint16(10) & BROADCAST_FLAG) !== 0,
    clientAddress: address(AT.ciaddr),
    yourAddress: address(AT.yiaddr),
    nextServer: address(AT.siaddr),
    relayAddress: address(AT.giaddr),
    hardwareAddress: bytes.slice(AT.chaddr, AT.chaddr + hardwareLength),
    serverName: overload & 2 ? "" : zeroTerminated(serverName),
    bootFile: overload & 1 ? "" : zeroTerminated(file),
    options,
  };
}

/**
 * Writes a packet of at most `maxBytes`. Options that do not fit go to the unused "file" and "sname" fields (option 52).
 * Throws a RangeError for values that have no place on the wire, and when it does not fit.
 */
export function encodePacket(packet: DhcpPacket, maxBytes = MAX_PACKET_BYTES): Uint8Array {
  if (packet.hardwareAddress.length > CHADDR_BYTES) throw new RangeError("a hardware address has at most 16 bytes");
  const fields = encodeOptions(packet.options, Math.min(maxBytes, MAX_PACKET_BYTES) - OPTIONS_AT, {
    ...(packet.bootFile === "" ? { file: FILE_BYTES } : {}),
    ...(packet.serverName === "" ? { serverName: SERVER_NAME_BYTES } : {}),
  });
  const bytes = new Uint8Array(Math.max(OPTIONS_AT + fields.options.length, Math.min(PADDED_BYTES, maxBytes)));
  const view = new DataView(bytes.buffer);
  bytes.set([packet.op, packet.hardwareType, packet.hardwareAddress.length, packet.hops]);
  view.setUint32(4, packet.transactionId);
  view.setUint16(8, packet.seconds);
  view.setUint16(10, packet.broadcast ? BROADCAST_FLAG : 0);
  bytes.set(ipv4Bytes(packet.clientAddress), AT.ciaddr);
  bytes.set(ipv4Bytes(packet.yourAddress), AT.yiaddr);
  bytes.set(ipv4Bytes(packet.nextServer), AT.siaddr);
  bytes.set(ipv4Bytes(packet.relayAddress), AT.giaddr);
  bytes.set(packet.hardwareAddress, AT.chaddr);
  bytes.set(fields.serverName ?? fixedText("server name", packet.serverName, SERVER_NAME_BYTES), AT.sname);
  bytes.set(fields.file ?? fixedText("boot file", packet.bootFile, FILE_BYTES), AT.file);
  bytes.set(MAGIC_COOKIE, AT.cookie);
  bytes.set(fields.options, OPTIONS_AT);
  return bytes;
}

/** The client's hardware address as text, "52:54:00:12:34:56"; undefined when it is not an Ethernet one. */
export function macOf(packet: DhcpPacket): string | undefined {
  if (packet.hardwareType !== HARDWARE_ETHERNET || packet.hardwareAddress.length !== 6) return undefined;
  return formatMac(packet.hardwareAddress);
}

function zeroTerminated(field: Uint8Array): string {
  const end = field.indexOf(0);
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString("latin1");
}

function fixedText(what: string, text: string, size: number): Uint8Array {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.length >= size) throw new RangeError(`the ${what} has ${bytes.length} bytes, only ${size - 1} fit`);
  if (bytes.includes(0)) throw new RangeError(`the ${what} contains a zero byte`);
  return bytes;
}
