import { machinePath } from "./machine-path.ts";
import { whyAsComment } from "../commands/machine-why.ts";
import { age, truncate } from "../output/age.ts";
import type { Column } from "../output/printer.ts";
import { column, field, type Doc, type Flag, type Resource } from "./resource.ts";

/** How old an error may be to be shown as an icon. */
const RECENT_ERROR_MS = 60 * 60_000;

/** The icons of the unnamed column (reference/platform-services.md 3.4), in the original's order. */
const ICONS: readonly [string, (doc: Doc) => boolean][] = [
  ["💀", (doc) => doc["liveliness"] === "Dead"],
  ["❓", (doc) => doc["liveliness"] !== "Dead" && doc["liveliness"] !== "Alive"],
  ["🔒", (doc) => field("state.value")(doc) === "LOCKED"],
  ["🚧", (doc) => field("state.value")(doc) === "RESERVED"],
  ["🚑", (doc) => field("events.failed_machine_reclaim")(doc) === "true"],
  ["❗", (doc) => Date.now() - Date.parse(field("events.last_error_event.time")(doc) || "0") < RECENT_ERROR_MS],
  ["⭕", (doc) => field("events.crash_loop")(doc) === "true"],
  ["🛡", (doc) => field("allocation.vpn.connected")(doc) === "true"],
];

export const icons: Column<Doc> = {
  header: "",
  cell: (doc) =>
    ICONS.filter(([, applies]) => applies(doc))
      .map(([icon]) => icon)
      .join("\u00a0"),
};

interface Event {
  readonly time: string;
  readonly event: string;
  readonly message: string;
}

export const newestEvent = (doc: Doc): Event | undefined =>
  ((doc["events"] as { log?: Event[] } | undefined)?.log ?? [])[0];

export const lastEventColumns: readonly Column<Doc>[] = [
  { header: "Last Event", cell: (doc) => newestEvent(doc)?.event ?? "" },
  { header: "When", cell: (doc) => age(field("events.last_event_time")(doc) || newestEvent(doc)?.time) },
];

export const addresses = (doc: Doc) =>
  (((doc["allocation"] as Doc | null)?.["networks"] ?? []) as { ips?: string[] }[])
    .flatMap((network) => network.ips ?? [])
    .join(",");

const text = (flag: string, name: string): Flag => ({ flags: `--${flag} <value>`, help: "filter", field: name });

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
  { flags: "--mac <macs>", help: "filter", field: "nics_mac_addresses", kind: "list" },
  { flags: "--tags <tags>", help: "filter", field: "tags", kind: "list" },
  { flags: "--network-ids <ids>", help: "filter", field: "network_ids", kind: "list" },
  { flags: "--network-ips <ips>", help: "filter", field: "network_ips", kind: "list" },
  {
    flags: "--network-destination-prefixes <prefixes>",
    help: "filter",
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

export const machine: Resource = {
  name: "machine",
  aliases: ["machines", "ms"],
  help: "servers",
  path: "/v1/machine",
  sortKeys: {
    id: "id",
    size: "size.id",
    image: "allocation.image.id",
    partition: "partition.id",
    rack: "rackid",
    project: "allocation.project",
    liveliness: "liveliness",
    when: "events.last_event_time",
    age: "allocation.created",
    event: "events.log.0.event",
  },
  sort: (doc) => `${field("allocation.project")(doc)} ${field("id")(doc)}`,
  columns: [
    column("ID", "id"),
    { ...icons, in: "table" },
    ...lastEventColumns,
    { header: "Age", cell: (doc) => age(field("allocation.created")(doc)) },
    { header: "Description", cell: (doc) => truncate(field("allocation.description")(doc), 30), in: "wide" },
    column("Name", "allocation.name", "wide"),
    { header: "Hostname", cell: (doc) => truncate(field("allocation.hostname")(doc), 30) },
    column("Project", "allocation.project"),
    { header: "IPs", cell: addresses, in: "wide" },
    column("Size", "size.id"),
    { header: "Image", cell: (doc) => field("allocation.image.name")(doc) || field("allocation.image.id")(doc) },
    column("Partition", "partition.id"),
    column("Rack", "rackid"),
    { header: "Started", cell: (doc) => field("allocation.created")(doc), in: "wide" },
    column("Tags", "tags", "wide"),
    {
      header: "Lock / Reserve",
      cell: (doc) =>
        truncate([field("state.value")(doc), field("state.description")(doc)].filter(Boolean).join(" "), 30),
      in: "wide",
    },
  ],
  filters: FILTERS,
  delete: (api, id) => api.delete(machinePath(id, "free")),
  create: (api, request) => api.post("/v1/machine/allocate", request),
  comment: whyAsComment,
  verbs: ["list", "describe", "apply"],
};
