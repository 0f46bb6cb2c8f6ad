// What may follow a flag: words that are always the same, ids, and what documents of the API have in a field.
import type { Command, Option } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { FORMATS } from "../output/formats.ts";
import { sortKeysOf } from "../output/sort.ts";
import { field, type Doc } from "../resources/resource.ts";

export type Candidate = readonly [word: string, help: string];

/** Nouns with ids at the API, and where their lists are. */
const LISTS: Readonly<Record<string, string>> = {
  machine: "machine",
  firewall: "firewall",
  partition: "partition",
  size: "size",
  image: "image",
  filesystemlayout: "filesystemlayout",
  project: "project",
  tenant: "tenant",
  network: "network",
  ip: "ip",
  switch: "switch",
  reservation: "size/reservations",
  imageconstraint: "size-image-constraint",
  issue: "machine/issues",
};

/** Flags whose values are of a noun of another name. */
const NOUNS: Readonly<Record<string, string>> = { only: "issue", omit: "issue", parent: "network", ipaddress: "ip" };

/** Flags whose values are always the same; those that mean different things have their noun before them. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  "output-format": FORMATS,
  severity: ["minor", "major", "critical"],
  phase: ["request", "response", "single", "error", "opened", "closed"],
  "audit type": ["http", "grpc", "event"],
  "ip type": ["ephemeral", "static"],
  "size type": ["cores", "memory", "storage", "gpu"],
  kind: ["bios", "bmc"],
  features: ["machine", "firewall"],
  role: ["machine", "firewall"],
  state: ["LOCKED", "RESERVED"],
  classification: ["preview", "supported", "deprecated"],
  addressfamily: ["IPv4", "IPv6"],
};

const ipmi = (name: string) => ["machine/ipmi/find", (doc: Doc) => [field(`ipmi.fru.${name}`)(doc)]] as const;
const fieldOf = (noun: string, path: string) => [LISTS[noun]!, (doc: Doc) => field(path)(doc).split(",")] as const;

/** Flags whose values are what documents have: where their list is, and what they have. */
const FIELDS: Readonly<Record<string, readonly [list: string, of: (doc: Doc) => readonly string[]]>> = {
  "machine rack": fieldOf("machine", "rackid"),
  "switch rack": fieldOf("switch", "rack_id"),
  "switch name": fieldOf("switch", "name"),
  "switch os-vendor": fieldOf("switch", "os.vendor"),
  "switch os-version": fieldOf("switch", "os.version"),
  "image name": fieldOf("image", "name"),
  // "debian-12.0.20261101": all but the last part is the operating system.
  "image os": [LISTS["image"]!, (doc) => [field("id")(doc).replace(/-[^-]*$/, "")]],
  "image version": [LISTS["image"]!, (doc) => [field("id")(doc).replace(/^.*-/, "")]],
  "destination-prefixes": fieldOf("network", "destinationprefixes"),
  "network-destination-prefixes": fieldOf("network", "destinationprefixes"),
  "network-ips": fieldOf("ip", "ipaddress"),
  manufacturer: ipmi("product_manufacturer"),
  "product-part-number": ipmi("product_part_number"),
  "product-serial": ipmi("product_serial"),
  "board-part-number": ipmi("board_part_number"),
  "chassis-part-number": ipmi("chassis_part_number"),
  "chassis-part-serial": ipmi("chassis_part_serial"),
};

/** What may be the value of an option. @param given the arguments that stand before it */
export async function valuesOf(
  option: Option,
  at: Command,
  given: readonly string[],
  flags: GlobalFlags,
): Promise<Candidate[]> {
  const flag = (option.long ?? "").slice(2);
  if (flag === "sort-by") return plain(sortKeysOf(option));
  const nouns = [...namesOf(at).map((name) => `${name} ${flag}`), flag];
  const words = nouns.map((name) => WORDS[name]).find(Boolean);
  if (words) return plain(words);
  const found = nouns.map((name) => FIELDS[name]).find(Boolean);
  if (found) {
    const [list, of] = found;
    return plain(new Set((await documents(list, flags)).flatMap(of)));
  }
  if (flag === "port") return plain(await ports(given[0], flags));
  if (["vendor", "board", "revision"].includes(flag)) return plain(await firmwares(flag, at, given[0], flags));
  const noun = flag.replace(/-?id(s?)$/, "$1").replace(/s$/, "");
  return idsOf(noun === "" ? nounOf(at) : (NOUNS[flag] ?? noun), flags);
}

const plain = (words: Iterable<string>): Candidate[] => [...words].map((word) => [word, ""]);

/** A command's name and those above it, the nearest first. */
const namesOf = (command: Command): string[] => [command.name(), ...(command.parent ? namesOf(command.parent) : [])];

/** The nearest noun with ids above a command: "machine" of "machine power on". */
export const nounOf = (command: Command): string => namesOf(command).find((name) => LISTS[name]) ?? "";

/** All of a list; some are there only to be searched. */
async function documents(list: string, flags: GlobalFlags): Promise<readonly Doc[]> {
  const api = apiClient(flags, 0);
  const found = await (list.endsWith("/find")
    ? api.post<Doc[] | null>(`/v1/${list}`, {})
    : api.get<Doc[] | null>(`/v1/${list}`));
  return found ?? [];
}

export async function idsOf(noun: string, flags: GlobalFlags): Promise<Candidate[]> {
  const list = LISTS[noun];
  if (!list) return [];
  const first = (doc: Doc, ...paths: string[]) => paths.map((path) => field(path)(doc)).find(Boolean) ?? "";
  return (await documents(list, flags)).map((doc) => [
    first(doc, "id", "meta.id", "ipaddress"),
    first(doc, "allocation.hostname", "name", "description"),
  ]);
}

/** Of the switch that is named. */
async function ports(id: string | undefined, flags: GlobalFlags): Promise<string[]> {
  if (!id) return [];
  const leaf = await apiClient(flags, 0).get<{ nics?: { name: string }[] | null }>(
    `/v1/switch/${encodeURIComponent(id)}`,
  );
  return (leaf.nics ?? []).map(({ name }) => name);
}

/** Kind → vendor → board → revisions, as the API has them. */
interface Firmwares {
  readonly revisions: Record<string, { VendorRevisions: Record<string, { BoardRevisions: Record<string, string[]> }> }>;
}

/** Vendors, boards or revisions; of `machine update-firmware bios <id>` those that fit the machine. */
async function firmwares(what: string, at: Command, id: string | undefined, flags: GlobalFlags): Promise<Set<string>> {
  const ofMachine = id !== undefined && namesOf(at).includes("update-firmware");
  const query = ofMachine ? `?${new URLSearchParams({ "machine-id": id, kind: at.name() }).toString()}` : "";
  const { revisions } = await apiClient(flags, 0).get<Firmwares>(`/v1/firmware${query}`);
  const vendors = Object.values(revisions).map((each) => each.VendorRevisions);
  const boards = vendors.flatMap((each) => Object.values(each)).map((each) => each.BoardRevisions);
  if (what === "vendor") return new Set(vendors.flatMap((each) => Object.keys(each)));
  if (what === "board") return new Set(boards.flatMap((each) => Object.keys(each)));
  return new Set(boards.flatMap((each) => Object.values(each)).flat());
}
