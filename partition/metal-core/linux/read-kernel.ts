import type { Run } from "./command.ts";
import { readFilters, readFloods, readLinks, readPins, type Kernel } from "./rules-kernel.ts";

/** One process for all devices; a line each, empty when the device has just gone. */
const SHOW_FILTERS = 'for device; do tc -j filter show dev "$device" ingress | tr -d "\\n"; echo; done';

/** Reads the whole state that the driver compares; `guarded` picks the links whose filters matter. */
export async function readKernel(run: Run, guarded: (links: Kernel["links"]) => readonly string[]): Promise<Kernel> {
  const links = readLinks(
    parse(await run(["ip", "-j", "-d", "link", "show"])),
    parse(await run(["ip", "-j", "addr", "show"])),
  );
  const forwarding = parse(await run(["bridge", "-j", "fdb", "show"]));
  const devices = guarded(links);
  const lines = (await run(["sh", "-c", SHOW_FILTERS, "sh", ...devices])).split("\n");
  const filters = new Map(devices.map((device, index) => [device, readFilters(parse(lines[index] ?? ""))]));
  return { links, floods: readFloods(forwarding), pins: readPins(forwarding), filters };
}

function parse(json: string): unknown {
  return JSON.parse(json.trim() || "[]");
}
