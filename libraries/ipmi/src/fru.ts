// FRU inventory: the chassis, board and product areas (Platform Management FRU Information Storage v1.0 §8, 10-12).
import { decodeFruFields, encodeFruField, END_OF_FIELDS } from "./fru-field.ts";
import { checksum } from "./message.ts";

export interface Fru {
  readonly chassis?: { readonly type: number; readonly partNumber: string; readonly serial: string };
  readonly board?: {
    readonly manufacturer: string;
    readonly productName: string;
    readonly serial: string;
    readonly partNumber: string;
  };
  readonly product?: {
    readonly manufacturer: string;
    readonly name: string;
    readonly partNumber: string;
    readonly version: string;
    readonly serial: string;
    readonly assetTag: string;
  };
}

/** SMBIOS enclosure type "rack mount chassis" (table 17 there). */
export const RACK_MOUNT_CHASSIS = 0x17;

const FORMAT_VERSION = 1;
/** Offsets and lengths count in these. */
const UNIT = 8;
const HEADER_LENGTH = 8;
const OFFSET_OF = { chassis: 2, board: 3, product: 4 } as const;
const ENGLISH = 0;

export function encodeFru(fru: Fru): Buffer {
  const { chassis, board, product } = fru;
  const areas = {
    chassis: chassis && encodeArea([chassis.type], [chassis.partNumber, chassis.serial]),
    board:
      board &&
      // Manufacturing date 0 means "unspecified".
      encodeArea([ENGLISH, 0, 0, 0], [board.manufacturer, board.productName, board.serial, board.partNumber, ""]),
    product:
      product &&
      encodeArea(
        [ENGLISH],
        [product.manufacturer, product.name, product.partNumber, product.version, product.serial, product.assetTag, ""],
      ),
  };
  const header = Buffer.alloc(HEADER_LENGTH);
  header[0] = FORMAT_VERSION;
  const parts: Buffer[] = [header];
  let offset = HEADER_LENGTH;
  for (const kind of ["chassis", "board", "product"] as const) {
    const area = areas[kind];
    if (!area) continue;
    header[OFFSET_OF[kind]] = offset / UNIT;
    offset += area.length;
    parts.push(area);
  }
  header[7] = checksum(header.subarray(0, 7));
  return Buffer.concat(parts);
}

function encodeArea(head: number[], fields: string[]): Buffer {
  const body = Buffer.concat([Buffer.from(head), ...fields.map(encodeFruField), Buffer.of(END_OF_FIELDS)]);
  const length = Math.ceil((2 + body.length + 1) / UNIT) * UNIT;
  const area = Buffer.alloc(length);
  area[0] = FORMAT_VERSION;
  area[1] = length / UNIT;
  body.copy(area, 2);
  area[length - 1] = checksum(area.subarray(0, length - 1));
  return area;
}

/**
 * Reads the areas a FRU has. Lenient, because vendors are: area checksums are not demanded, missing fields read as
 * empty, and an area that lies outside of the inventory is left out. Never throws.
 */
export function decodeFru(bytes: Buffer): Fru {
  const chassis = areaOf(bytes, "chassis");
  const board = areaOf(bytes, "board");
  const product = areaOf(bytes, "product");
  const [chassisPart = "", chassisSerial = ""] = chassis ? decodeFruFields(chassis, 3) : [];
  const [boardMaker = "", boardName = "", boardSerial = "", boardPart = ""] = board ? decodeFruFields(board, 6) : [];
  const [maker = "", name = "", partNumber = "", version = "", serial = "", assetTag = ""] = product
    ? decodeFruFields(product, 3)
    : [];
  return {
    ...(chassis && { chassis: { type: chassis[2]!, partNumber: chassisPart, serial: chassisSerial } }),
    ...(board && {
      board: { manufacturer: boardMaker, productName: boardName, serial: boardSerial, partNumber: boardPart },
    }),
    ...(product && { product: { manufacturer: maker, name, partNumber, version, serial, assetTag } }),
  };
}

function areaOf(bytes: Buffer, kind: keyof typeof OFFSET_OF): Buffer | undefined {
  if (bytes.length < HEADER_LENGTH || (bytes[0]! & 0x0f) !== FORMAT_VERSION) return undefined;
  const offset = bytes[OFFSET_OF[kind]]! * UNIT;
  const length = (bytes[offset + 1] ?? 0) * UNIT;
  if (offset === 0 || length === 0 || offset + length > bytes.length) return undefined;
  return bytes.subarray(offset, offset + length - 1);
}
