// From an LLDP frame to bytes.
import { macBytes, networkAddressBytes } from "./address.ts";
import {
  CAPABILITIES,
  CHASSIS_ID_SUBTYPES,
  LLDP_ETHERTYPE,
  LldpFrameError,
  NEAREST_BRIDGE,
  PORT_ID_SUBTYPES,
  TLV,
  type Capability,
  type LldpFrame,
  type ManagementAddress,
  type OrganisationalTlv,
} from "./frame.ts";

const LONGEST_STRING = 255;
const LONGEST_ORGANISATIONAL_VALUE = 507;
/** Ethernet's least length without the check sum (802.3 §3.2.8); the rest is zeros. */
const SHORTEST_FRAME = 60;

/** What a sender decides; the destination is the nearest bridge unless told otherwise, the lists are empty. */
export type FrameToSend = Omit<LldpFrame, "destination" | "managementAddresses" | "organisational"> &
  Partial<Pick<LldpFrame, "destination" | "managementAddresses" | "organisational">>;

/**
 * Writes an Ethernet frame without VLAN tag and check sum, at least 60 bytes long. Descriptions longer than 255 bytes
 * of UTF-8 are cut at a character; ids are not.
 * @throws LldpFrameError when a value has no place in a frame (a malformed address, an id that is empty or too long)
 */
export function encodeFrame(frame: FrameToSend): Buffer {
  if (!Number.isInteger(frame.ttl) || frame.ttl < 0 || frame.ttl > 0xffff) {
    throw new LldpFrameError(`a TTL of ${frame.ttl} seconds, not 0 to 65535`);
  }
  const parts = [
    macBytes(frame.destination ?? NEAREST_BRIDGE),
    macBytes(frame.source),
    uint16(LLDP_ETHERTYPE),
    tlv(TLV.chassisId, id(CHASSIS_ID_SUBTYPES[frame.chassisId.subtype], frame.chassisId)),
    tlv(TLV.portId, id(PORT_ID_SUBTYPES[frame.portId.subtype], frame.portId)),
    tlv(TLV.ttl, uint16(frame.ttl)),
    ...optionalString(TLV.portDescription, frame.portDescription),
    ...optionalString(TLV.systemName, frame.systemName),
    ...optionalString(TLV.systemDescription, frame.systemDescription),
  ];
  if (frame.capabilities) {
    const { system, enabled } = frame.capabilities;
    parts.push(tlv(TLV.capabilities, Buffer.concat([uint16(capabilityBits(system)), uint16(capabilityBits(enabled))])));
  }
  for (const address of frame.managementAddresses ?? []) {
    parts.push(tlv(TLV.managementAddress, managementAddress(address)));
  }
  for (const organisational of frame.organisational ?? []) {
    parts.push(tlv(TLV.organisational, organisationalValue(organisational)));
  }
  parts.push(tlv(TLV.end, Buffer.alloc(0)));
  const bytes = Buffer.concat(parts);
  return bytes.length < SHORTEST_FRAME ? Buffer.concat([bytes], SHORTEST_FRAME) : bytes;
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

function tlv(type: number, value: Buffer): Buffer {
  return Buffer.concat([uint16((type << 9) | value.length), value]);
}

function id(subtype: number, { subtype: name, value }: { subtype: string; value: string }): Buffer {
  const bytes = idBytes(name, value);
  if (bytes.length < 1 || bytes.length > LONGEST_STRING) {
    throw new LldpFrameError(`the id "${value}" has ${bytes.length} bytes, not 1 to ${LONGEST_STRING}`);
  }
  return Buffer.concat([Buffer.from([subtype]), bytes]);
}

function idBytes(subtype: string, value: string): Buffer {
  if (subtype === "mac") return macBytes(value);
  if (subtype === "network address") return networkAddressBytes(value);
  return Buffer.from(value, subtype === "agent circuit id" ? "hex" : "utf8");
}

function optionalString(type: number, value: string | undefined): Buffer[] {
  if (value === undefined) return [];
  const bytes = Buffer.from(value, "utf8");
  let length = Math.min(bytes.length, LONGEST_STRING);
  // A byte 10xxxxxx continues a character: go back to where that one starts.
  while (length < bytes.length && (bytes[length]! & 0xc0) === 0x80) length -= 1;
  return [tlv(type, bytes.subarray(0, length))];
}

function capabilityBits(names: readonly Capability[]): number {
  return names.reduce((bits, name) => bits | (1 << CAPABILITIES.indexOf(name)), 0);
}

const INTERFACE_NUMBERING = { unknown: 1, ifindex: 2, "port number": 3 } as const;

function managementAddress(address: ManagementAddress): Buffer {
  const bytes = networkAddressBytes(address.address);
  if (bytes.length < 2 || bytes.length > 32) throw new LldpFrameError(`"${address.address}" is too long`);
  const number = Buffer.alloc(4);
  number.writeUInt32BE(address.interfaceNumber);
  return Buffer.concat([
    Buffer.from([bytes.length]),
    bytes,
    Buffer.from([INTERFACE_NUMBERING[address.interfaceNumbering]]),
    number,
    Buffer.from([0]), // no object identifier
  ]);
}

function organisationalValue({ oui, subtype, value }: OrganisationalTlv): Buffer {
  if (!/^[0-9a-f]{6}$/i.test(oui)) throw new LldpFrameError(`the OUI "${oui}" is not six hex digits`);
  if (value.length > LONGEST_ORGANISATIONAL_VALUE) {
    throw new LldpFrameError(
      `an organisational TLV of ${value.length} bytes, more than ${LONGEST_ORGANISATIONAL_VALUE}`,
    );
  }
  return Buffer.concat([Buffer.from(oui, "hex"), Buffer.from([subtype]), value]);
}
