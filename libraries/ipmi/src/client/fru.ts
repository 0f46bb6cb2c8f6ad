import { CompletionCode } from "../completion-codes.ts";
import { Command, NetFn } from "../constants.ts";
import { CompletionError } from "../errors.ts";
import { decodeFru, type Fru } from "../fru.ts";
import { atLeast } from "./commands.ts";
import type { Requester } from "./session.ts";

/** Bytes a read; halved for BMCs that cannot return so many (§34.2). */
const FIRST_CHUNK = 64;
const SMALLEST_CHUNK = 8;
/** Inventories are a few hundred bytes; a BMC that claims 64 KiB is not believed. */
const MAX_INVENTORY = 8192;
const TOO_MUCH: readonly number[] = [
  CompletionCode.CANNOT_RETURN_BYTES,
  CompletionCode.DATA_LENGTH_EXCEEDED,
  CompletionCode.DATA_LENGTH_INVALID,
  CompletionCode.UNSPECIFIED,
];

/** Reads and decodes a FRU inventory; device 0 is the machine itself. */
export async function readFru(bmc: Requester, device = 0): Promise<Fru> {
  const area = atLeast(3, await bmc.request(NetFn.STORAGE, Command.GET_FRU_AREA_INFO, Buffer.of(device)), "FRU info");
  // Bit 0: the device counts in 16-bit words.
  const unit = area[2]! & 1 ? 2 : 1;
  const size = Math.min(area.readUInt16LE(0), MAX_INVENTORY);
  const parts: Buffer[] = [];
  let chunk = FIRST_CHUNK;
  for (let offset = 0; offset < size;) {
    try {
      const count = Math.max(1, Math.floor(Math.min(chunk, size - offset) / unit));
      const at = Math.floor(offset / unit);
      const request = Buffer.of(device, at & 0xff, at >> 8, count);
      const data = await bmc.request(NetFn.STORAGE, Command.READ_FRU, request);
      const bytes = data.subarray(1, 1 + Math.min((data[0] ?? 0) * unit, count * unit));
      if (bytes.length === 0) break;
      parts.push(bytes);
      offset += bytes.length;
    } catch (error) {
      if (!(error instanceof CompletionError) || !TOO_MUCH.includes(error.completionCode) || chunk <= SMALLEST_CHUNK)
        throw error;
      chunk /= 2;
    }
  }
  return decodeFru(Buffer.concat(parts));
}
