// IPv4 and hardware addresses as text and as numbers.

/** "10.0.0.1" → 0x0a000001; undefined when it is not four decimal numbers from 0 to 255. */
export function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  const bytes = match.slice(1).map(Number);
  if (bytes.some((byte) => byte > 255)) return undefined;
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** The opposite of {@link parseIpv4}; takes 0 … 2³²-1. */
export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}

/** The four bytes of a dotted address; throws a RangeError for anything else. */
export function ipv4Bytes(text: string): Uint8Array {
  const address = parseIpv4(text);
  if (address === undefined) throw new RangeError(`"${text}" is not an IPv4 address`);
  return Uint8Array.from([24, 16, 8, 0], (shift) => (address >>> shift) & 0xff);
}

/** An address with prefix length, "10.255.0.2/24", taken apart. All numbers, host byte order. */
export interface Ipv4Interface {
  readonly address: number;
  readonly prefixLength: number;
  readonly mask: number;
  readonly network: number;
  readonly broadcast: number;
}

/** Reads "10.255.0.2/24"; undefined when it is not an IPv4 address with a prefix length from 0 to 32. */
export function parseIpv4Interface(text: string): Ipv4Interface | undefined {
  const [head = "", length = "", ...rest] = text.split("/");
  const address = parseIpv4(head);
  if (address === undefined || !/^\d{1,2}$/.test(length) || Number(length) > 32 || rest.length > 0) return undefined;
  const prefixLength = Number(length);
  const mask = prefixLength === 0 ? 0 : (0xffffffff << (32 - prefixLength)) >>> 0;
  const network = (address & mask) >>> 0;
  return { address, prefixLength, mask, network, broadcast: (network | ~mask) >>> 0 };
}

/** Colon-separated lower-case hex, "52:54:00:12:34:56". */
export function formatMac(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** The canonical form of six hex bytes separated by ":" or "-"; undefined for anything else. */
export function parseMac(text: string): string | undefined {
  if (!/^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/.test(text)) return undefined;
  return text.toLowerCase().replaceAll("-", ":");
}
