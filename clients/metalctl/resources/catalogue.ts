// The plain resources: their columns and flags, as the original shows them (reference/platform-services.md 3.2, 3.4).
import { age, truncate } from "../output/age.ts";
import type { Column } from "../output/printer.ts";
import { column, field, pairs, type Doc, type Flag, type Resource } from "./resource.ts";

const NAME: readonly Flag[] = [
  { flags: "-n, --name <name>", help: "name", field: "name" },
  { flags: "-d, --description <text>", help: "description", field: "description" },
];
const ID: Flag = { flags: "--id <id>", help: "id", field: "id" };

export const partition: Resource = {
  name: "partition",
  aliases: ["partitions"],
  help: "locations of hardware: a rack or a group of racks",
  path: "/v1/partition",
  columns: [
    column("ID", "id"),
    column("Name", "name"),
    column("Description", "description"),
    { header: "Labels", cell: pairs("labels"), in: "wide" },
  ],
  createFlags: [
    ID,
    ...NAME,
    { flags: "--mgmtserver <address>", help: "management server", field: "mgmtserviceaddress" },
    { flags: "--imageurl <url>", help: "initrd of the discovery image", field: "bootconfig.imageurl" },
    { flags: "--kernelurl <url>", help: "kernel of the discovery image", field: "bootconfig.kernelurl" },
    { flags: "--cmdline <text>", help: "its kernel command line", field: "bootconfig.commandline" },
    { flags: "--dnsservers <ips>", help: "DNS servers of machines", field: "dns_servers", kind: "list" },
    { flags: "--ntpservers <addresses>", help: "NTP servers of machines", field: "ntp_servers", kind: "list" },
  ],
  create: (api, { dns_servers: dns, ntp_servers: ntp, ...request }) =>
    api.put("/v1/partition", {
      ...request,
      ...(dns ? { dns_servers: (dns as (string | Doc)[]).map((ip) => (typeof ip === "string" ? { ip } : ip)) } : {}),
      ...(ntp
        ? {
            ntp_servers: (ntp as (string | Doc)[]).map((address) =>
              typeof address === "string" ? { address } : address,
            ),
          }
        : {}),
    }),
};

function range(type: string): (document: Doc) => string {
  const factor = type === "memory" || type === "storage" ? 1024 ** 3 : 1;
  const unit = factor === 1 ? "" : " GiB";
  return (document) =>
    ((document["constraints"] ?? []) as { type: string; min: number; max: number }[])
      .filter((constraint) => constraint.type === type)
      .map(({ min, max }) => `${+(min / factor).toFixed(1)} - ${+(max / factor).toFixed(1)}${unit}`)
      .join(", ");
}

export const size: Resource = {
  name: "size",
  aliases: ["sizes"],
  help: "kinds of machines by cores, memory, storage, GPUs",
  path: "/v1/size",
  columns: [
    column("ID", "id"),
    column("Name", "name"),
    { header: "Description", cell: (doc) => truncate(field("description")(doc), 30) },
    { header: "CPU Range", cell: range("cores") },
    { header: "Memory Range", cell: range("memory") },
    { header: "Storage Range", cell: range("storage") },
    { header: "GPU Range", cell: range("gpu") },
    { header: "Labels", cell: pairs("labels"), in: "wide" },
  ],
  createFlags: [
    ID,
    ...NAME,
    { flags: "--type <type>", help: "of the one constraint: cores, memory, storage or gpu", field: "type" },
    { flags: "--min <number>", help: "its minimum, bytes for memory and storage", field: "min", kind: "number" },
    { flags: "--max <number>", help: "its maximum", field: "max", kind: "number" },
  ],
  create: (api, { type, min, max, ...size }) => {
    const constraints = type === undefined ? [] : [{ type, min, max }];
    return api.put<Doc>("/v1/size", { constraints, ...size });
  },
};

export const image: Resource = {
  name: "image",
  aliases: ["images"],
  help: "operating systems that machines can be given",
  path: "/v1/image",
  sortKeys: {
    id: "id",
    name: "name",
    description: "description",
    classification: "classification",
    expiration: "expirationDate",
  },
  columns: [
    column("ID", "id"),
    column("Name", "name"),
    column("Description", "description"),
    column("Features", "features"),
    {
      header: "Expiration",
      cell: (doc) =>
        Date.parse(field("expirationDate")(doc)) < Date.now() ? "expired" : field("expirationDate")(doc).slice(0, 10),
    },
    column("Status", "classification"),
    column("UsedBy", "usedby"),
  ],
  filters: [
    { flags: "--id <id>", help: "filter", field: "id" },
    { flags: "--name <name>", help: "filter", field: "name" },
    { flags: "--os <os>", help: "filter", field: "os" },
    { flags: "--version <version>", help: "filter", field: "version" },
    { flags: "--features <features>", help: "filter", field: "features", kind: "list" },
    { flags: "--classification <text>", help: "filter", field: "classification" },
  ],
  createFlags: [
    ID,
    ...NAME,
    { flags: "--url <url>", help: "where the image is", field: "url" },
    { flags: "--features <features>", help: "machine, firewall", field: "features", kind: "list" },
  ],
};

export const filesystemLayout: Resource = {
  name: "filesystemlayout",
  aliases: ["filesystemlayouts", "fsl"],
  help: "how disks are divided",
  path: "/v1/filesystemlayout",
  columns: [
    column("ID", "id"),
    column("Description", "description"),
    {
      header: "Filesystems",
      cell: (doc) =>
        ((doc["filesystems"] ?? []) as { path?: string; device: string }[])
          .map((entry) => `${entry.path ?? "-"} ${entry.device}`)
          .join("; "),
    },
    column("Sizes", "constraints.sizes"),
    { header: "Images", cell: pairs("constraints.images") },
  ],
  createFlags: [],
};

const QUOTAS: readonly Flag[] = [
  ["cluster", "clusters"],
  ["machine", "machines"],
  ["ip", "addresses"],
].map(([quota, help]) => ({
  flags: `--${quota}-quota <number>`,
  help: `at most so many ${help}`,
  field: `quotas.${quota}.quota`,
  kind: "number",
}));

const quotas: Column<Doc> = {
  header: "Quotas Clusters/Machines/Ips",
  cell: (doc) => ["cluster", "machine", "ip"].map((quota) => field(`quotas.${quota}.quota`)(doc) || "∞").join("/"),
  in: "wide",
};

export const project: Resource = {
  name: "project",
  aliases: ["projects"],
  help: "what a tenant's machines, networks and addresses belong to",
  path: "/v1/project",
  sortKeys: { id: "meta.id", name: "name", description: "description", tenant: "tenant_id" },
  id: field("meta.id"),
  columns: [
    column("UID", "meta.id"),
    column("Tenant", "tenant_id"),
    column("Name", "name"),
    column("Description", "description"),
    quotas,
    column("Labels", "meta.labels"),
    { header: "Annotations", cell: pairs("meta.annotations") },
  ],
  filters: [
    { flags: "--id <id>", help: "filter", field: "id" },
    { flags: "--name <name>", help: "filter", field: "name" },
    { flags: "--tenant <tenant>", help: "filter", field: "tenant_id" },
  ],
  createFlags: [
    { flags: "--id <id>", help: "id, made when absent", field: "meta.id" },
    { flags: "--name <name>", help: "name, max 10 characters", field: "name" },
    { flags: "--description <text>", help: "description", field: "description" },
    { flags: "--tenant <tenant>", help: "tenant", field: "tenant_id" },
    { flags: "--label <labels>", help: "labels", field: "meta.labels", kind: "list" },
    { flags: "--annotation <annotations>", help: "key=value", field: "meta.annotations", kind: "labels" },
    ...QUOTAS,
  ],
};

export const tenant: Resource = {
  name: "tenant",
  aliases: ["tenants"],
  help: "who owns projects",
  path: "/v1/tenant",
  sortKeys: { id: "meta.id", name: "name", description: "description" },
  id: field("meta.id"),
  columns: [
    column("ID", "meta.id"),
    column("Name", "name"),
    column("Description", "description"),
    { header: "Labels", cell: field("meta.labels"), in: "wide" },
    { header: "Annotations", cell: pairs("meta.annotations"), in: "wide" },
    quotas,
  ],
  filters: [
    { flags: "--id <id>", help: "filter", field: "id" },
    { flags: "--name <name>", help: "filter", field: "name" },
    { flags: "--annotations <annotations>", help: "filter: key=value", field: "annotations", kind: "labels" },
  ],
  createFlags: [
    { flags: "--id <id>", help: "id", field: "meta.id" },
    { flags: "--name <name>", help: "name", field: "name" },
    { flags: "--description <text>", help: "description", field: "description" },
    { flags: "--labels <labels>", help: "labels", field: "meta.labels", kind: "list" },
    { flags: "--annotations <annotations>", help: "key=value", field: "meta.annotations", kind: "labels" },
    ...QUOTAS,
  ],
};

const SYNC_OLD_MS = 10 * 60_000;
const SYNC_AGING_MS = 60_000;

export const switches: Resource = {
  name: "switch",
  aliases: ["switches", "sw"],
  help: "leaf switches",
  path: "/v1/switch",
  columns: [
    column("ID", "id"),
    column("Partition", "partition.id"),
    column("Rack", "rack_id"),
    { header: "OS", cell: (doc) => `${field("os.vendor")(doc)} ${field("os.version")(doc)}`.trim() },
    column("Metalcore", "os.metal_core_version", "wide"),
    column("IP", "management_ip", "wide"),
    column("Mode", "mode", "wide"),
    {
      header: "Status",
      cell: (doc) => {
        const silent = Date.now() - Date.parse(field("last_sync.time")(doc) || "0");
        return silent >= SYNC_OLD_MS ? "failing" : silent >= SYNC_AGING_MS ? "late" : "ok";
      },
      in: "table",
    },
    { header: "Last Sync", cell: (doc) => age(field("last_sync.time")(doc)) },
    {
      header: "Sync Duration",
      cell: (doc) => (field("last_sync.duration")(doc) ? `${Number(field("last_sync.duration")(doc)) / 1e6} ms` : ""),
      in: "wide",
    },
    column("Last Error", "last_sync_error.error", "wide"),
  ],
  filters: [
    { flags: "--id <id>", help: "filter", field: "id" },
    { flags: "--name <name>", help: "filter", field: "name" },
    { flags: "--partition <id>", help: "filter", field: "partitionid" },
    { flags: "--rack <id>", help: "filter", field: "rackid" },
    { flags: "--os-vendor <vendor>", help: "filter", field: "osvendor" },
    { flags: "--os-version <version>", help: "filter", field: "osversion" },
  ],
  deleteFlags: [{ flags: "--force", help: "although machines are connected to it", field: "force", kind: "flag" }],
  delete: (api, id, { force }) =>
    api.delete(`/v1/switch/${encodeURIComponent(id)}${force === true ? "?force=true" : ""}`),
  verbs: ["list", "describe", "update", "delete", "edit"],
};
