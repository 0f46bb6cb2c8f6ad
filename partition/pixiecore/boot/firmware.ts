// The iPXE programs, read once: they are small, and every machine of a rack may ask at the same time.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ConfigurationError } from "@metal-stack/service";
import { FIRMWARE_FILES } from "../dhcp/rules/firmware.ts";

const MAX_BYTES = 8 * 1024 * 1024;

/** File name → content of all programs that DHCP answers name. Throws a ConfigurationError when one is missing. */
export async function loadFirmware(folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const programs = new Map<string, Uint8Array>();
  for (const name of new Set(Object.values(FIRMWARE_FILES))) {
    const path = join(folder, name);
    const size = (await stat(path).catch(() => undefined))?.size;
    if (size === undefined || size > MAX_BYTES) {
      throw new ConfigurationError(`PIXIECORE_IPXE_DIR: ${path} is missing or too large; Debian's package ipxe has it`);
    }
    programs.set(name, await readFile(path));
  }
  return programs;
}
