// Addresses inside LLDP: MAC addresses, and network addresses that begin with their IANA address family number.
import { isIPv4, isIPv6, SocketAddress } from "node:net";
import { LldpFrameError } from "./frame.ts";

/** IANA address family numbers */
const FAMILY_IPV4 = 1;
const FAMILY_IPV6 = 2;

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i;

export function macText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** @throws LldpFrameError unless the text is six hex bytes with colons */
export function macBytes(text: string): Buffer {
  if (!MAC.test(text)) throw new LldpFrameError(`"${text}" is not a MAC address`);
  return Buffer.from(text.replaceAll(":", ""), "hex");
}

/** From the family number and the bytes behind it. A length that does not fit the family is kept as hex. */
export function networkAddressText(bytes: Buffer): string {
  const family = bytes[0]!;
  const address = bytes.subarray(1);
  if (family === FAMILY_IPV4 && address.length === 4) return address.join(".");
  if (family === FAMILY_IPV6 && address.length === 16) {
    const groups = Array.from({ length: 8 }, (_, group) => address.readUInt16BE(group * 2).toString(16));
    return new SocketAddress({ address: groups.join(":"), family: "ipv6" }).address;
  }
  return `${family}:${address.toString("hex")}`;
}

/** The reverse of {@link networkAddressText}. @throws LldpFrameError on anything else */
export function networkAddressBytes(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from([FAMILY_IPV4, ...text.split(".").map(Number)]);
  const other = /^(\d{1,3}):((?:[0-9a-f]{2})*)$/.exec(text);
  if (other && Number(other[1]) <= 255) {
    return Buffer.concat([Buffer.from([Number(other[1])]), Buffer.from(other[2]!, "hex")]);
  }
  if (isIPv6(text) && !text.includes("%")) return Buffer.from([FAMILY_IPV6, ...ipv6Bytes(text)]);
  throw new LldpFrameError(`"${text}" is not a network address`);
}

function ipv6Bytes(text: string): number[] {
  const withoutIpv4 = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(":"),
  );
  const [head = "", tail] = withoutIpv4.split("::");
  const groups = (half: string) => (half === "" ? [] : half.split(":"));
  const left = groups(head);
  const right = groups(tail ?? "");
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
