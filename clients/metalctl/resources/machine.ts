import { machinePath } from "./machine-path.ts";
import { whyAsComment } from "../commands/machine-why.ts";
import { age, truncate } from "../output/age.ts";
import { newestFirst, type SortKeys } from "../output/sort.ts";
import type { Look } from "../output/look.ts";
import type { Column } from "../output/printer.ts";
import { reallyMeant } from "../commands/prompt.ts";
import { changed, column, field, type Doc, type Flag, type Resource } from "./resource.ts";

interface State {
  readonly icon: string;
  /** Where no icons are. */
  readonly word: string;
  readonly applies: (doc: Doc, errorThreshold: number) => boolean;
}

/** What the unnamed column tells (reference/platform-services.md 3.4), in the original's order. */
const STATES: readonly State[] = [
  { icon: "💀", word: "Dead", applies: (doc) => doc["liveliness"] === "Dead" },
  { icon: "❓", word: "Unknown", applies: (doc) => doc["liveliness"] !== "Dead" && doc["liveliness"] !== "Alive" },
  { icon: "🔒", word: "Locked", applies: (doc) => field("state.value")(doc) === "LOCKED" },
  { icon: "🚧", word: "Reserved", applies: (doc) => field("state.value")(doc) === "RESERVED" },
  { icon: "🚑", word: "FailedReclaim", applies: (doc) => field("events.failed_machine_reclaim")(doc) === "true" },
  {
    icon: "❗",
    word: "LastEventErrors",
    applies: (doc, threshold) => Date.now() - Date.parse(field("events.last_error_event.time")(doc) || "0") < threshold,
  },
  { icon: "⭕", word: "CrashLoop", applies: (doc) => field("events.crash_loop")(doc) === "true" },
];
const VPN: State = { icon: "🛡", word: "VPN", applies: (doc) => field("allocation.vpn.connected")(doc) === "true" };

const statesOf =
  (states: readonly State[]) =>
  (doc: Doc, { icons, wide, errorThreshold }: Look) => {
    const found = states.filter(({ applies }) => applies(doc, errorThreshold));
    return icons && !wide ? found.map(({ icon }) => icon).join("\u2007") : found.map(({ word }) => word).join(", ");
  };

/** How a machine is: icons on a terminal, words elsewhere. */
export const icons: Column<Doc> = { header: "", cell: statesOf([...STATES, VPN]) };
/** The same for tables of BMCs, which say nothing of VPNs. */
export const bmcStates = statesOf(STATES);

/** The id of a machine; blue while its LED shines. */
export const machineId = (doc: Doc, { paint }: Look) =>
  field("ledstate.value")(doc) === "LED-ON" ? paint("blue", field("id")(doc)) : field("id")(doc);

interface Event {
  readonly time: string;
  readonly event: string;
  readonly message: string;
}

export const newestEvent = (doc: Doc): Event | undefined =>
  ((doc["events"] as { log?: Event[] } | undefined)?.log ?? [])[0];

export const lastEventColumns: readonly Column<Doc>[] = [
  { header: "Last Event", cell: (doc) => newestEvent(doc)?.event ?? "" },
  {
    header: "When",
    cell: (doc) => (newestEvent(doc) ? age(field("events.last_event_time")(doc) || newestEvent(doc)!.time) : ""),
  },
];

const networksOf = (doc: Doc) =>
  ((doc["allocation"] as Doc | null | undefined)?.["networks"] ?? []) as { networkid: string; ips?: string[] }[];
export const addresses = (doc: Doc) =>
  networksOf(doc)
    .flatMap((network) => network.ips ?? [])
    .join("\n");
export const networkIds = (doc: Doc) =>
  networksOf(doc)
    .map(({ networkid }) => networkid)
    .join("\n");

const text = (flag: string, name: string): Flag => ({
  flags: `--${flag} <value>`,
  help: `only with this ${flag.replaceAll("-", " ")}`,
  field: name,
});

export const FILTERS: readonly Flag[] = [
  text("id", "id"),
  text("partition", "partition_id"),
  text("size", "sizeid"),
  text("rack", "rackid"),
  text("state", "state_value"),
  text("name", "allocation_name"),
  text("project", "allocation_project"),
  text("image", "allocation_image_id"),
  text("hostname", "allocation_hostname"),
  text("role", "allocation_role"),
  { flags: "--mac <macs>", help: "only with this mac", field: "nics_mac_addresses", kind: "list" },
  { flags: "--tags <tags>", help: "only with tags", field: "tags", kind: "list" },
  { flags: "--network-ids <ids>", help: "only with network ids", field: "network_ids", kind: "list" },
  { flags: "--network-ips <ips>", help: "only with network ips", field: "network_ips", kind: "list" },
  {
    flags: "--network-destination-prefixes <prefixes>",
    help: "only with network destination prefixes",
    field: "network_destination_prefixes",
    kind: "list",
  },
  text("bmc-address", "ipmi_address"),
  text("bmc-mac", "ipmi_mac_address"),
  text("board-part-number", "fru_board_part_number"),
  text("manufacturer", "fru_product_manufacturer"),
  text("product-part-number", "fru_product_part_number"),
  text("product-serial", "fru_product_serial"),
  text("chassis-part-number", "fru_chassis_part_number"),
  text("chassis-part-serial", "fru_chassis_part_serial"),
];

export const ERROR_THRESHOLD: Flag = {
  flags: "--last-event-error-threshold <duration>",
  help: "how old an error may be to count",
  field: "last_error_threshold",
};

export const SORT_KEYS: SortKeys = {
  id: "id",
  size: "size.id",
  image: "allocation.image.id",
  partition: "partition.id",
  rack: "rackid",
  project: "allocation.project",
  liveliness: "liveliness",
  when: newestFirst("events.last_event_time"),
  age: newestFirst("allocation.created"),
  event: "events.log.0.event",
};

export const machine: Resource = {
  name: "machine",
  aliases: ["machines", "ms"],
  help: "servers",
  path: "/v1/machine",
  example: "$MACHINE",
  examples: {
    list: [
      ["those of a project, the newest first", "--project $PROJECT --sort-by age"],
      ["what waits in a rack, again and again", "--partition fra-equ01 --rack rack01 --watch"],
      ["host names and sizes for a script", "-o template --template '{{ .allocation.hostname }}:{{ .size.id }}'"],
    ],
    update: [["tags", "$MACHINE --add-tags team=web,stage=prod --remove-tags stage=test"]],
    delete: [["of one that left the rack for good", "$MACHINE --remove-from-database --yes-i-really-mean-it"]],
  },
  sortKeys: SORT_KEYS,
  sort: "project,id",
  columns: [
    { header: "ID", cell: machineId },
    { ...icons, in: "table" },
    ...lastEventColumns,
    { header: "Age", cell: (doc) => age(field("allocation.created")(doc)) },
    column("Description", "allocation.description", "wide"),
    column("Name", "allocation.name", "wide"),
    {
      header: "Hostname",
      cell: (doc, { wide }) =>
        (wide ? String : (name: string) => truncate(name, 30))(field("allocation.hostname")(doc)),
    },
    column("Project", "allocation.project"),
    { header: "IPs", cell: addresses, in: "wide" },
    column("Size", "size.id"),
    { header: "Image", cell: (doc) => field("allocation.image.name")(doc) || field("allocation.image.id")(doc) },
    column("Partition", "partition.id"),
    column("Rack", "rackid"),
    {
      header: "Started",
      cell: (doc) => field("allocation.created")(doc).replace(/\.\d+Z$/, "Z"),
      in: "wide",
    },
    column("Tags", "tags", "wide"),
    {
      header: "Lock / Reserve",
      cell: (doc) =>
        field("state.value")(doc) ? `${field("state.value")(doc)}:${field("state.description")(doc)}` : "",
      in: "wide",
    },
  ],
  filters: FILTERS,
  shownFlags: [ERROR_THRESHOLD],
  create: (api, request) => api.post("/v1/machine/allocate", request),
  toCreate: allocationOf,
  updateFlags: [
    { flags: "--description <text>", help: "description", field: "description" },
    { flags: "--add-tags <tags>", help: "tags to add", field: "add", kind: "list" },
    { flags: "--remove-tags <tags>", help: "tags to remove", field: "remove", kind: "list" },
  ],
  toUpdate: (doc) => ({ id: doc["id"], description: field("allocation.description")(doc), tags: doc["tags"] ?? [] }),
  update: async (api, { add = [], remove = [], ...request }) => {
    const stored = machine.toUpdate!(await api.get<Doc>(machinePath(field("id")(request))));
    const tags = changed((request["tags"] ?? stored["tags"]) as string[], add as string[], remove as string[]);
    // Whoever leaves the description out clears it.
    return api.post("/v1/machine", { ...stored, ...request, tags });
  },
  deleteHelp: "free a machine: it leaves its network at once, and its disks are erased",
  deleteFlags: [
    {
      flags: "--remove-from-database",
      help: "forget the machine instead of freeing it",
      field: "remove",
      kind: "flag",
    },
  ],
  verbAliases: { delete: ["free"] },
  delete: async (api, id, flags) => {
    if (flags["removeFromDatabase"] !== true) return api.delete(machinePath(id, "free"));
    await reallyMeant(`Machine ${id} will be forgotten; it must have been taken out of its rack.`, flags);
    return api.delete(machinePath(id));
  },
  comment: whyAsComment,
  verbs: ["list", "describe", "update", "apply", "delete", "edit"],
};

interface Allocated {
  readonly networks?: readonly { readonly networkid: string; readonly ips?: readonly string[] | null }[] | null;
  readonly user_data?: string;
}

/** What would allocate a machine as it is allocated now. What is an allocation request already stays one. */
export function allocationOf(doc: Doc): Doc {
  if (!("allocation" in doc)) return doc;
  const allocation = (doc["allocation"] ?? {}) as Doc & Allocated;
  const networks = allocation.networks ?? [];
  return {
    uuid: doc["id"],
    name: allocation["name"] ?? doc["name"],
    description: allocation["description"],
    hostname: allocation["hostname"],
    projectid: allocation["project"],
    partitionid: field("partition.id")(doc),
    sizeid: field("size.id")(doc),
    imageid: field("image.id")(allocation),
    filesystemlayoutid: field("filesystemlayout.id")(allocation) || undefined,
    networks: networks.map(({ networkid, ips }) => ({ networkid, autoacquire: (ips ?? []).length === 0 })),
    ips: networks.flatMap(({ ips }) => ips ?? []),
    ssh_pub_keys: allocation["ssh_pub_keys"],
    user_data: allocation.user_data && Buffer.from(allocation.user_data).toString("base64"),
    dns_servers: allocation["dns_servers"],
    ntp_servers: allocation["ntp_servers"],
    tags: doc["tags"],
  };
}
