// The plain resources: their columns and flags, as the original shows them (reference/platform-services.md 3.2, 3.4).
import { bytes, span } from "../output/age.ts";
import { oldestFirst } from "../output/sort.ts";
import { column, field, lines, pairs, type Doc, type Flag, type Resource } from "./resource.ts";

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
  example: "fra-equ01",
  examples: {
    create: [
      [
        "with what its machines boot",
        "--id fra-equ01 -n Frankfurt --kernelurl https://images.example.org/kernel --imageurl https://images.example.org/initrd.img.lz4 --cmdline console=ttyS1",
      ],
    ],
  },
  columns: [
    column("ID", "id"),
    column("Name", "name"),
    column("Description", "description"),
    { header: "Labels", cell: lines(pairs("labels")), in: "wide" },
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

interface Constraint {
  readonly type: string;
  /** The API leaves 0 out. */
  readonly min?: number;
  readonly max?: number;
  readonly identifier?: string;
}

/** The last constraint of a type counts, as in the original. */
function range(type: string): (document: Doc) => string {
  const text = type === "memory" || type === "storage" ? bytes : String;
  return (document) => {
    const found = ((document["constraints"] ?? []) as Constraint[]).findLast((constraint) => constraint.type === type);
    if (!found) return "";
    const { min = 0, max = 0, identifier = "" } = found;
    return `${type === "gpu" ? `${identifier}: ` : ""}${text(min)} - ${text(max)}`;
  };
}

export const size: Resource = {
  name: "size",
  aliases: ["sizes"],
  help: "kinds of machines by cores, memory, storage, GPUs",
  path: "/v1/size",
  example: "c1-large-x86",
  examples: {
    list: [["the last by name first", "--sort-by name:desc"]],
    create: [["for machines with 8 to 16 cores", "--id c1-large-x86 --type cores --min 8 --max 16"]],
  },
  columns: [
    column("ID", "id"),
    column("Name", "name"),
    column("Description", "description"),
    { header: "CPU Range", cell: range("cores") },
    { header: "Memory Range", cell: range("memory") },
    { header: "Storage Range", cell: range("storage") },
    { header: "GPU Range", cell: range("gpu") },
    { header: "Labels", cell: lines(pairs("labels")), in: "wide" },
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
  example: "debian-12.0.20261101",
  examples: {
    list: [
      ["those that firewalls can have", "--features firewall --classification supported"],
      ["how many machines use each", "--show-usage"],
    ],
    create: [
      [
        "for machines",
        "--id debian-12.0.20261101 -n 'Debian 12' --url https://images.example.org/debian.tar.lz4 --features machine",
      ],
    ],
  },
  sortKeys: {
    id: "id",
    name: "name",
    description: "description",
    classification: "classification",
    expiration: oldestFirst("expirationDate"),
  },
  columns: [
    column("ID", "id"),
    column("Name", "name"),
    column("Description", "description"),
    column("Features", "features"),
    {
      header: "Expiration",
      cell: (doc) => {
        const left = Date.parse(field("expirationDate")(doc)) - Date.now();
        return Number.isNaN(left) ? "" : left < 0 ? "expired" : span(left);
      },
    },
    column("Status", "classification"),
    {
      header: "Used By",
      cell: (doc, { wide }) => {
        const machines = doc["usedby"] as string[] | null | undefined;
        return machines ? (wide ? machines.join("\n") : String(machines.length)) : "";
      },
    },
  ],
  filters: [
    { flags: "--id <id>", help: "only with this id", field: "id" },
    { flags: "--name <name>", help: "only with this name", field: "name" },
    { flags: "--os <os>", help: "only with this os", field: "os" },
    { flags: "--version <version>", help: "only with this version", field: "version" },
    { flags: "--features <features>", help: "only with features", field: "features", kind: "list" },
    { flags: "--classification <text>", help: "only with this classification", field: "classification" },
  ],
  // An image that nobody uses says so when it was asked.
  rows: (images, { showUsage }) => (showUsage === true ? images.map((each) => ({ usedby: [], ...each })) : images),
  listFlags: [
    { flags: "--show-usage", help: "show from how many allocated machines every image is used", field: "show-usage" },
  ],
  createFlags: [
    ID,
    ...NAME,
    { flags: "--url <url>", help: "where the image is", field: "url" },
    { flags: "--features <features>", help: "machine, firewall", field: "features", kind: "list" },
  ],
};

/** Paths and their devices, those that hold others first. */
function filesystems(doc: Doc): string {
  const found = (doc["filesystems"] ?? []) as { path?: string; device: string }[];
  const depth = (path = "") => path.split("/").filter(Boolean).length;
  const ordered = found.toSorted((a, b) => depth(a.path) - depth(b.path));
  const longest = Math.max(0, ...ordered.map(({ path = "" }) => path.length));
  return ordered.map(({ path = "", device }) => `${path.padEnd(longest)}  ${device}`).join("\n");
}

export const filesystemLayout: Resource = {
  name: "filesystemlayout",
  aliases: ["filesystemlayouts", "fsl"],
  help: "how disks are divided",
  path: "/v1/filesystemlayout",
  example: "default",
  columns: [
    column("ID", "id"),
    column("Description", "description"),
    { header: "Filesystems", cell: filesystems },
    { header: "Sizes", cell: lines(field("constraints.sizes")) },
    { header: "Images", cell: (doc) => lines(pairs("constraints.images"))(doc).replaceAll("=", " ") },
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

/** No quota is written as 0 or left out. */
const quotasOf = (doc: Doc) =>
  ["cluster", "machine", "ip"].map((quota) => {
    const most = field(`quotas.${quota}.quota`)(doc);
    return most === "" || most === "0" ? "∞" : most;
  });

/**
 * What an editor or --version says changes only the version it was made from. A file changes whatever is there: applied
 * again, also after it stopped in the middle, its versions are old.
 */
const versioned = (path: string): NonNullable<Resource["update"]> => {
  return async (api, { meta, ...request }, flags) => {
    const given = (meta ?? {}) as Doc;
    if (given["version"] !== undefined && flags.file === undefined) return api.post(path, { meta, ...request });
    const stored = await api.get<Doc>(`${path}/${encodeURIComponent(field("id")(given))}`);
    const { version } = (stored["meta"] ?? {}) as Doc;
    return api.post(path, { meta: { ...given, version }, ...request });
  };
};

const QUOTA_UNITS = ["Cluster(s)", "Machine(s)", "IP(s)"];

export const project: Resource = {
  name: "project",
  aliases: ["projects"],
  help: "what a tenant's machines, networks and addresses belong to",
  path: "/v1/project",
  example: "$PROJECT",
  examples: {
    list: [["those of a tenant", "--tenant acme"]],
    create: [["with at most 20 machines", "--name web --tenant acme --description 'the shop' --machine-quota 20"]],
  },
  sortKeys: { id: "meta.id", name: "name", description: "description", tenant: "tenant_id" },
  id: field("meta.id"),
  update: versioned("/v1/project"),
  columns: [
    column("UID", "meta.id"),
    column("Tenant", "tenant_id"),
    column("Name", "name"),
    column("Description", "description"),
    { header: "Quotas Clusters / Machines / Ips", cell: (doc) => quotasOf(doc).join(" / "), in: "wide" },
    { header: "Labels", cell: lines(field("meta.labels")) },
    { header: "Annotations", cell: lines(pairs("meta.annotations")) },
  ],
  filters: [
    { flags: "--id <id>", help: "only with this id", field: "id" },
    { flags: "--name <name>", help: "only with this name", field: "name" },
    { flags: "--tenant <tenant>", help: "only with this tenant", field: "tenant_id" },
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
  example: "acme",
  examples: {
    create: [["with at most 100 addresses", "--id acme --name 'Acme Inc.' --ip-quota 100"]],
  },
  sortKeys: { id: "meta.id", name: "name", description: "description" },
  id: field("meta.id"),
  update: versioned("/v1/tenant"),
  columns: [
    column("ID", "meta.id"),
    column("Name", "name"),
    column("Description", "description"),
    { header: "Labels", cell: lines(field("meta.labels")), in: "wide" },
    { header: "Annotations", cell: lines(pairs("meta.annotations")), in: "wide" },
    {
      header: "Quotas",
      cell: (doc) =>
        quotasOf(doc)
          .map((quota, at) => `${quota} ${QUOTA_UNITS[at]!}`)
          .join("\n"),
      in: "wide",
    },
  ],
  filters: [
    { flags: "--id <id>", help: "only with this id", field: "id" },
    { flags: "--name <name>", help: "only with this name", field: "name" },
    { flags: "--annotations <annotations>", help: "only with these: key=value", field: "annotations", kind: "labels" },
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
