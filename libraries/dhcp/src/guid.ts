// Option 97: the SMBIOS UUID of the machine (RFC 4578 §2.3, SMBIOS 7.2.1).

const UUID_TYPE = 0;
/** SMBIOS stores the first three fields of a UUID (4, 2 and 2 bytes) little-endian and the rest as written. */
const SWAPPED = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/**
 * The canonical lower-case UUID of a client GUID option; undefined when it is not type 0 with 16 bytes, and when all of
 * these are 00 or ff, which is SMBIOS's way to say that the machine has none.
 */
export function guidToUuid(value: Uint8Array | undefined): string | undefined {
  if (value?.length !== 17 || value[0] !== UUID_TYPE) return undefined;
  const bytes = value.subarray(1);
  if (bytes.every((byte) => byte === 0) || bytes.every((byte) => byte === 0xff)) return undefined;
  const hex = SWAPPED.map((from) => bytes[from]!.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The option's 17 bytes for a UUID; throws a RangeError when the text is not a UUID. */
export function uuidToGuid(uuid: string): Uint8Array {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)) throw new RangeError(`"${uuid}" is not a UUID`);
  const bytes = Buffer.from(uuid.replaceAll("-", ""), "hex");
  return Uint8Array.from([UUID_TYPE, ...SWAPPED.map((from) => bytes[from]!)]);
}
