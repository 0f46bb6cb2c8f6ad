// From bytes to an LLDP frame. Everything here may come from a stranger: all lengths are checked, all lists are bounded.
import { macText, networkAddressText } from "./address.ts";
import {
  CAPABILITIES,
  CHASSIS_ID_SUBTYPES,
  LLDP_ETHERTYPE,
  LldpFrameError,
  PORT_ID_SUBTYPES,
  TLV,
  type Capability,
  type LldpFrame,
  type ManagementAddress,
  type OrganisationalTlv,
} from "./frame.ts";

/** 802.1Q and 802.1ad tags; a capture on a trunk may show up to two. */
const VLAN_ETHERTYPES = [0x8100, 0x88a8];
const MOST_VLAN_TAGS = 2;
/** More of these in one frame are not kept. */
const MOST_MANAGEMENT_ADDRESSES = 16;
const MOST_ORGANISATIONAL_TLVS = 64;
/** Strings are at most 255 bytes long (802.1AB 8.5.5 to 8.5.8). */
const LONGEST_STRING = 255;

interface Tlv {
  readonly type: number;
  readonly value: Buffer;
}

/**
 * Reads an Ethernet frame. VLAN tags are skipped; unknown TLVs and what follows the End TLV are ignored; of a
 * repeated string the first one counts.
 * @throws LldpFrameError on another ethertype, a TLV that leaves the frame, or missing or malformed mandatory TLVs
 *   (802.1AB 9.2.8.7: such a frame is discarded as a whole)
 */
export function decodeFrame(bytes: Uint8Array): LldpFrame {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [chassis, port, ttl, ...optional] = tlvs(frame.subarray(payloadOffset(frame)));
  if (chassis?.type !== TLV.chassisId || port?.type !== TLV.portId || ttl?.type !== TLV.ttl) {
    throw new LldpFrameError("does not begin with chassis id, port id and TTL");
  }
  if (ttl.value.length < 2) throw new LldpFrameError("the TTL is shorter than 2 bytes");
  return {
    destination: macText(frame.subarray(0, 6)),
    source: macText(frame.subarray(6, 12)),
    chassisId: decodeId(chassis, CHASSIS_ID_SUBTYPES, "chassis id"),
    portId: decodeId(port, PORT_ID_SUBTYPES, "port id"),
    ttl: ttl.value.readUInt16BE(0),
    ...decodeOptional(optional),
  };
}

function payloadOffset(frame: Buffer): number {
  for (let offset = 12, tags = 0; offset + 2 <= frame.length; offset += 4, tags += 1) {
    const ethertype = frame.readUInt16BE(offset);
    if (ethertype === LLDP_ETHERTYPE) return offset + 2;
    if (!VLAN_ETHERTYPES.includes(ethertype) || tags === MOST_VLAN_TAGS) {
      throw new LldpFrameError(`the ethertype is 0x${ethertype.toString(16)}`);
    }
  }
  throw new LldpFrameError("shorter than an Ethernet header");
}

/** A TLV is 7 bits of type, 9 bits of length, and the value (802.1AB 8.4). */
function tlvs(payload: Buffer): Tlv[] {
  const found: Tlv[] = [];
  for (let offset = 0; offset + 2 <= payload.length;) {
    const head = payload.readUInt16BE(offset);
    const type = head >> 9;
    const end = offset + 2 + (head & 0x1ff);
    if (end > payload.length) throw new LldpFrameError(`TLV ${type} leaves the frame`);
    if (type === TLV.end) break;
    found.push({ type, value: payload.subarray(offset + 2, end) });
    offset = end;
  }
  return found;
}

function decodeId<Subtype extends string>(tlv: Tlv, subtypes: Record<Subtype, number>, what: string) {
  if (tlv.value.length < 2 || tlv.value.length > 256) {
    throw new LldpFrameError(`a ${what} of ${tlv.value.length} bytes, not 2 to 256`);
  }
  const names = Object.keys(subtypes) as Subtype[];
  const subtype = names.find((name) => subtypes[name] === tlv.value[0]);
  if (!subtype) throw new LldpFrameError(`a ${what} of unknown subtype ${tlv.value[0]}`);
  const value = tlv.value.subarray(1);
  if (subtype === "mac" && value.length !== 6) {
    throw new LldpFrameError(`a ${what} whose MAC address has ${value.length} bytes`);
  }
  return { subtype, value: idText(subtype, value) };
}

function idText(subtype: string, value: Buffer): string {
  if (subtype === "mac") return macText(value);
  if (subtype === "network address") return networkAddressText(value);
  if (subtype === "agent circuit id") return value.toString("hex");
  return text(value);
}

/** Some senders count a closing NUL in. */
function text(value: Buffer): string {
  return value.toString("utf8").replace(/\0+$/, "");
}

function decodeOptional(optional: readonly Tlv[]) {
  const string = (type: number): string | undefined => {
    const tlv = optional.find((candidate) => candidate.type === type);
    return tlv && text(tlv.value.subarray(0, LONGEST_STRING));
  };
  const portDescription = string(TLV.portDescription);
  const systemName = string(TLV.systemName);
  const systemDescription = string(TLV.systemDescription);
  const capabilities = optional.find((tlv) => tlv.type === TLV.capabilities && tlv.value.length >= 4);
  return {
    ...(portDescription === undefined ? {} : { portDescription }),
    ...(systemName === undefined ? {} : { systemName }),
    ...(systemDescription === undefined ? {} : { systemDescription }),
    ...(capabilities && {
      capabilities: {
        system: capabilityNames(capabilities.value.readUInt16BE(0)),
        enabled: capabilityNames(capabilities.value.readUInt16BE(2)),
      },
    }),
    managementAddresses: optional
      .filter((tlv) => tlv.type === TLV.managementAddress)
      .slice(0, MOST_MANAGEMENT_ADDRESSES)
      .flatMap((tlv) => decodeManagementAddress(tlv.value)),
    organisational: optional
      .filter((tlv) => tlv.type === TLV.organisational && tlv.value.length >= 4)
      .slice(0, MOST_ORGANISATIONAL_TLVS)
      .map((tlv) => decodeOrganisational(tlv.value)),
  };
}

function capabilityNames(bits: number): Capability[] {
  return CAPABILITIES.filter((_, bit) => bits & (1 << bit));
}

const INTERFACE_NUMBERING: Readonly<Record<number, ManagementAddress["interfaceNumbering"]>> = {
  2: "ifindex",
  3: "port number",
};

/** 802.1AB 8.5.9: length, family and address, then the numbering and number of the interface. Malformed ones are dropped. */
function decodeManagementAddress(value: Buffer): ManagementAddress[] {
  const length = value[0] ?? 0;
  if (length < 2 || length > 32 || value.length < 1 + length + 5) return [];
  return [
    {
      address: networkAddressText(value.subarray(1, 1 + length)),
      interfaceNumbering: INTERFACE_NUMBERING[value[1 + length]!] ?? "unknown",
      interfaceNumber: value.readUInt32BE(2 + length),
    },
  ];
}

/** The bytes are copied: a frame must not keep its receive buffer alive. */
function decodeOrganisational(value: Buffer): OrganisationalTlv {
  return { oui: value.toString("hex", 0, 3), subtype: value[3]!, value: Uint8Array.from(value.subarray(4)) };
}
