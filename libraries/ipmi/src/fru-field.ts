// One field of a FRU area: a type/length byte and its characters (Platform Management FRU Information Storage v1.0 §13).

/** What ends an area's fields. As a length byte it would be one 8-bit character, which therefore cannot be encoded. */
export const END_OF_FIELDS = 0xc1;
const ASCII_8_BIT = 0xc0;
const MAX_LENGTH = 63;
const BCD_PLUS = "0123456789 -.???";

/** 8-bit ASCII. A single character gets a space after it (see END_OF_FIELDS). At most 63 characters, else RangeError. */
export function encodeFruField(text: string): Buffer {
  const bytes = Buffer.from(text.length === 1 ? `${text} ` : text, "latin1");
  if (bytes.length > MAX_LENGTH) throw new RangeError(`a FRU field holds at most ${MAX_LENGTH} characters: ${text}`);
  return Buffer.concat([Buffer.of(ASCII_8_BIT | bytes.length), bytes]);
}

/** The fields up to the end mark, trimmed; stops quietly where the area ends too early. */
export function decodeFruFields(area: Buffer, start: number): string[] {
  const fields: string[] = [];
  for (let at = start; at < area.length && area[at] !== END_OF_FIELDS;) {
    const length = area[at]! & 0x3f;
    if (at + 1 + length > area.length) break;
    fields.push(decodeField(area[at]! >> 6, area.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  return fields;
}

function decodeField(type: number, bytes: Buffer): string {
  const decode = [binary, bcdPlus, sixBitAscii, latin1][type]!;
  // Vendors fill fields with NUL, spaces or 0xff.
  return decode(bytes).replace(/[\0\s\xff]+$/, "");
}

const binary = (bytes: Buffer) => bytes.toString("hex");
const latin1 = (bytes: Buffer) => bytes.toString("latin1");
const bcdPlus = (bytes: Buffer) =>
  [...bytes].map((byte) => `${BCD_PLUS[byte >> 4]!}${BCD_PLUS[byte & 0x0f]!}`).join("");

/** Four characters, 0x20-0x5f, in three bytes, least significant bits first. */
function sixBitAscii(bytes: Buffer): string {
  let bits = 0;
  let available = 0;
  let text = "";
  for (const byte of bytes) {
    bits |= byte << available;
    available += 8;
    while (available >= 6) {
      text += String.fromCharCode(0x20 + (bits & 0x3f));
      bits >>= 6;
      available -= 6;
    }
  }
  return text;
}
