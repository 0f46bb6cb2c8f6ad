// A machine's uuid as Get System GUID carries it. The specification (§20.8) sends all sixteen bytes in reverse order;
// many BMCs send the SMBIOS layout (first three fields reversed) or the text's own order instead.

export type GuidOrder = "ipmi" | "smbios" | "rfc4122";

/** Tried in this order when nothing else is known: the specification's first. */
const ORDERS: readonly GuidOrder[] = ["ipmi", "smbios", "rfc4122"];

/** Positions, on the wire, of the text's bytes. */
const POSITIONS: Readonly<Record<GuidOrder, readonly number[]>> = {
  ipmi: [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
  smbios: [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15],
  rfc4122: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
};

/** @param uuid "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" */
export function encodeGuid(uuid: string, order: GuidOrder = "ipmi"): Buffer {
  const text = Buffer.from(uuid.replaceAll("-", ""), "hex");
  if (text.length !== 16) throw new RangeError(`not a uuid: ${uuid}`);
  const wire = Buffer.alloc(16);
  POSITIONS[order].forEach((position, index) => (wire[position] = text[index]!));
  return wire;
}

/** The uuid in lower case, read from sixteen bytes. */
export function decodeGuid(wire: Uint8Array, order: GuidOrder): string {
  const hex = Buffer.from(POSITIONS[order].map((position) => wire[position] ?? 0)).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * The uuid in the byte order that makes sense of it: an RFC 4122 variant with version 1-5, where a version 1 timestamp
 * must lie in the years of servers. When no order does, the specification's. The same rule for every BMC keeps
 * machine ids stable. Versions 3-5 are always told right in the specification's and in SMBIOS's order; in the text's
 * own order, the rarest, about one in ten is mistaken.
 */
export function guessGuid(wire: Uint8Array): string {
  const order = ORDERS.find((order) => plausible(decodeGuid(wire, order))) ?? "ipmi";
  return decodeGuid(wire, order);
}

function plausible(uuid: string): boolean {
  if (!/^.{14}[1-5].{4}[89ab]/.test(uuid)) return false;
  return uuid[14] !== "1" || isServerAge(uuid);
}

/** 100 ns ticks from 1582-10-15 to the epoch (RFC 9562 §5.1). */
const GREGORIAN_OFFSET_MS = 12_219_292_800_000;
const EARLIEST = Date.UTC(1998, 0);
const LATEST = Date.UTC(2058, 0);

function isServerAge(uuid: string): boolean {
  const ticks = BigInt(`0x${uuid.slice(15, 18)}${uuid.slice(9, 13)}${uuid.slice(0, 8)}`);
  const time = Number(ticks / 10_000n) - GREGORIAN_OFFSET_MS;
  return time > EARLIEST && time < LATEST;
}
