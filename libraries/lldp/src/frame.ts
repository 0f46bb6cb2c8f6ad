// What an LLDP frame says (IEEE 802.1AB-2016 clause 8), as values; the wire form is in decode.ts and encode.ts.

/** "Nearest bridge" group address (802.1AB table 7-1): no bridge forwards it, so a frame tells of the other cable end. */
export const NEAREST_BRIDGE = "01:80:c2:00:00:0e";
/** 802.1AB clause 7.3 */
export const LLDP_ETHERTYPE = 0x88cc;

/** TLV types of 802.1AB table 8-1. */
export const TLV = {
  end: 0,
  chassisId: 1,
  portId: 2,
  ttl: 3,
  portDescription: 4,
  systemName: 5,
  systemDescription: 6,
  capabilities: 7,
  managementAddress: 8,
  organisational: 127,
} as const;

/** 802.1AB table 8-2. */
export const CHASSIS_ID_SUBTYPES = {
  "chassis component": 1,
  "interface alias": 2,
  "port component": 3,
  mac: 4,
  "network address": 5,
  "interface name": 6,
  local: 7,
} as const;

/** 802.1AB table 8-3. */
export const PORT_ID_SUBTYPES = {
  "interface alias": 1,
  "port component": 2,
  mac: 3,
  "network address": 4,
  "interface name": 5,
  "agent circuit id": 6,
  local: 7,
} as const;

/** Bits of the capability words, lowest first (802.1AB table 8-4). */
export const CAPABILITIES = [
  "other",
  "repeater",
  "bridge",
  "wlan access point",
  "router",
  "telephone",
  "docsis cable device",
  "station",
  "c-vlan component",
  "s-vlan component",
  "two-port mac relay",
] as const;

export type Capability = (typeof CAPABILITIES)[number];

/**
 * An id with its kind. The value of "mac" is `aa:bb:cc:dd:ee:ff`, of "network address" an IPv4 or IPv6 address
 * (`<IANA family>:<hex>` for other families), of "agent circuit id" hex, of the others text.
 */
export interface ChassisId {
  readonly subtype: keyof typeof CHASSIS_ID_SUBTYPES;
  readonly value: string;
}

/** As {@link ChassisId}. */
export interface PortId {
  readonly subtype: keyof typeof PORT_ID_SUBTYPES;
  readonly value: string;
}

export interface ManagementAddress {
  /** Written as a "network address" id. */
  readonly address: string;
  readonly interfaceNumbering: "unknown" | "ifindex" | "port number";
  readonly interfaceNumber: number;
}

/** A TLV of an organisation (type 127), unread. */
export interface OrganisationalTlv {
  /** Six hex digits, as "0080c2" for IEEE 802.1. */
  readonly oui: string;
  readonly subtype: number;
  /** At most 507 bytes. */
  readonly value: Uint8Array;
}

/** One LLDP frame. Texts are at most 255 bytes of UTF-8. */
export interface LldpFrame {
  /** MAC address of the sending interface, `aa:bb:cc:dd:ee:ff`. */
  readonly source: string;
  readonly destination: string;
  readonly chassisId: ChassisId;
  readonly portId: PortId;
  /** Seconds the receiver may keep this, 0–65535; 0 says that the sender is shutting down. */
  readonly ttl: number;
  readonly portDescription?: string;
  readonly systemName?: string;
  readonly systemDescription?: string;
  readonly capabilities?: { readonly system: readonly Capability[]; readonly enabled: readonly Capability[] };
  readonly managementAddresses: readonly ManagementAddress[];
  readonly organisational: readonly OrganisationalTlv[];
}

/** Bytes that are no LLDP frame, or values that do not fit into one. The message says which part is wrong. */
export class LldpFrameError extends Error {
  override readonly name = "LldpFrameError";
}
