import { truncateMiddle } from "../output/age.ts";
import { oldestFirst } from "../output/sort.ts";
import type { Look } from "../output/look.ts";
import { changed, column, field, lines, pairs, type Doc, type Flag, type Resource } from "./resource.ts";

const LIST = "list" as const;

/** Where a row says how it hangs on the one above; no field of the API's. */
const BRANCH = " branch";

/** Networks with their children below them; whose parent is not among them stands at the end. */
function asTree(networks: readonly Doc[]): Doc[] {
  const parentOf = (network: Doc) => field("parentnetworkid")(network);
  const roots = networks.filter((network) => parentOf(network) === "");
  const orphans = networks.filter(
    (network) => parentOf(network) !== "" && !roots.some((root) => root["id"] === parentOf(network)),
  );
  return [...roots, ...orphans].flatMap((root) => {
    const children = networks.filter((network) => parentOf(network) === root["id"]);
    return [root, ...children.map((child, at) => ({ ...child, [BRANCH]: at === children.length - 1 ? "└─╴" : "├─╴" }))];
  });
}

type Consumption = Readonly<Record<string, number>>;

/** How full a network is: an icon for the fuller of its address families, or the numbers of both. */
function usage(what: "ips" | "prefixes") {
  return (doc: Doc, { icons, paint }: Look): string => {
    if (!doc["consumption"]) return "";
    const families = Object.values(doc["consumption"] as Record<string, Consumption | undefined>).filter(
      (family) => family !== undefined,
    );
    const numbers = families.map((family) => [family[`used_${what}`] ?? 0, family[`available_${what}`] ?? 0] as const);
    if (!icons) return numbers.map(([used, available]) => `${used}/${available}`).join(" ");
    const share = Math.max(0, ...numbers.map(([used, available]) => (available > 0 ? used / available : 0)));
    return share >= 0.9 ? paint("red", "◕") : share >= 0.7 ? paint("yellow", "◒") : paint("green", "●");
  };
}

export const network: Resource = {
  name: "network",
  aliases: ["networks", "nw"],
  help: "external, private and underlay networks",
  path: "/v1/network",
  example: "$NETWORK",
  examples: {
    list: [["those cut from a super network", "--parent tenant-super-fra"]],
    create: [
      [
        "the internet, with NAT",
        "--id internet --prefixes 203.0.113.0/24 --destination-prefixes 0.0.0.0/0 --nat --vrf 104009",
      ],
      [
        "that private networks are cut from",
        "--id tenant-super-fra --partition fra-equ01 --prefixes 10.128.0.0/14 --privatesuper --default-ipv4-child-prefix-length 22",
      ],
    ],
    update: [["its prefixes", "internet --add-prefixes 198.51.100.0/24"]],
  },
  sortKeys: { id: "id", name: "name", description: "description", partition: "partitionid", project: "projectid" },
  sort: "partition,id",
  rows: asTree,
  columns: [
    { header: "ID", cell: (doc) => field(BRANCH)(doc) + field("id")(doc) },
    column("Description", "description", "wide"),
    column("Name", "name"),
    column("Project", "projectid"),
    column("Partition", "partitionid"),
    column("Nat", "nat"),
    { header: "Shared", cell: (doc) => String(doc["shared"] === true) },
    { header: "", cell: usage("prefixes"), in: "table" },
    column("Prefixes", "prefixes"),
    { header: "Private Super", cell: (doc) => String(doc["privatesuper"] === true), in: "wide" },
    { header: "Annotations", cell: lines(pairs("labels")), in: "wide" },
    { header: "IP Usage", cell: usage("ips"), in: "table" },
  ],
  filters: [
    { flags: "--id <id>", help: "only with this id", field: "id" },
    { flags: "--name <name>", help: "only with this name", field: "name" },
    { flags: "--project <id>", help: "only with this project", field: "projectid" },
    { flags: "--partition <id>", help: "only with this partition", field: "partitionid" },
    { flags: "--parent <id>", help: "only with this parent", field: "parentnetworkid" },
    { flags: "--nat", help: "only such ones", field: "nat", kind: "flag" },
    { flags: "--privatesuper", help: "only such ones", field: "privatesuper", kind: "flag" },
    { flags: "--underlay", help: "only such ones", field: "underlay", kind: "flag" },
    { flags: "--vrf <number>", help: "only with this vrf", field: "vrf", kind: "number" },
    { flags: "--prefixes <prefixes>", help: "only with prefixes", field: "prefixes", kind: LIST },
    {
      flags: "--destination-prefixes <prefixes>",
      help: "only with destination prefixes",
      field: "destinationprefixes",
      kind: LIST,
    },
    { flags: "--addressfamily <family>", help: "only with these: IPv4, IPv6", field: "addressfamily" },
  ],
  createFlags: [
    { flags: "--id <id>", help: "id", field: "id" },
    { flags: "-n, --name <name>", help: "name", field: "name" },
    { flags: "-d, --description <text>", help: "description", field: "description" },
    { flags: "-p, --partition <id>", help: "partition", field: "partitionid" },
    { flags: "--project <id>", help: "project", field: "projectid" },
    { flags: "--labels <labels>", help: "key=value", field: "labels", kind: "labels" },
    { flags: "--prefixes <prefixes>", help: "CIDRs", field: "prefixes", kind: LIST },
    { flags: "--destination-prefixes <prefixes>", help: "CIDRs", field: "destinationprefixes", kind: LIST },
    { flags: "--privatesuper", help: "private networks are cut from it", field: "privatesuper", kind: "flag" },
    { flags: "--nat", help: "masquerade towards it", field: "nat", kind: "flag" },
    { flags: "--underlay", help: "the switch fabric", field: "underlay", kind: "flag" },
    { flags: "--vrf <number>", help: "VRF", field: "vrf", kind: "number" },
    { flags: "--vrfshared", help: "other networks may have the VRF, too", field: "vrfshared", kind: "flag" },
    {
      flags: "--default-ipv4-child-prefix-length <bits>",
      help: "of child networks",
      field: "defaultchildprefixlength.IPv4",
      kind: "number",
    },
    {
      flags: "--default-ipv6-child-prefix-length <bits>",
      help: "of child networks",
      field: "defaultchildprefixlength.IPv6",
      kind: "number",
    },
    { flags: "--additional-announcable-cidrs <cidrs>", help: "CIDRs", field: "additionalAnnouncableCIDRs", kind: LIST },
  ],
  updateFlags: [
    { flags: "--name <name>", help: "name", field: "name" },
    { flags: "--description <text>", help: "description", field: "description" },
    { flags: "--add-prefixes <cidrs>", help: "CIDRs to add", field: "add.prefixes", kind: LIST },
    { flags: "--remove-prefixes <cidrs>", help: "CIDRs to remove", field: "remove.prefixes", kind: LIST },
    { flags: "--add-destinationprefixes <cidrs>", help: "to add", field: "add.destinationprefixes", kind: LIST },
    {
      flags: "--remove-destinationprefixes <cidrs>",
      help: "to remove",
      field: "remove.destinationprefixes",
      kind: LIST,
    },
    { flags: "--labels <labels>", help: "key=value", field: "labels", kind: "labels" },
    { flags: "--shared", help: "other projects may join", field: "shared", kind: "flag" },
    { flags: "--additional-announcable-cidrs <cidrs>", help: "CIDRs", field: "additionalAnnouncableCIDRs", kind: LIST },
  ],
  update: async (api, { add, remove, ...request }, { yesIReallyMeanIt }) => {
    const lists: Doc = {};
    if (add || remove) {
      const stored = await api.get<Doc>(`/v1/network/${encodeURIComponent(field("id")(request))}`);
      for (const name of ["prefixes", "destinationprefixes"]) {
        const [more = [], less = []] = [add, remove].map((change) => (change as Prefixes | undefined)?.[name]);
        if (more.length + less.length === 0) continue;
        lists[name] = changed((stored[name] ?? []) as string[], more, less);
      }
    }
    // Announcable CIDRs that are in use go only when it is really meant.
    return api.post(`/v1/network${yesIReallyMeanIt === true ? "?force=true" : ""}`, { ...request, ...lists });
  },
};

type Prefixes = Readonly<Record<string, readonly string[]>>;

/** `network allocate`: a private network for a project. */
export const ALLOCATE_FLAGS: readonly Flag[] = [
  { flags: "-n, --name <name>", help: "name", field: "name", required: true },
  { flags: "-d, --description <text>", help: "description", field: "description" },
  { flags: "--project <id>", help: "project", field: "projectid", required: true },
  { flags: "--partition <id>", help: "partition", field: "partitionid", required: true },
  { flags: "--labels <labels>", help: "key=value", field: "labels", kind: "labels" },
  { flags: "--shared", help: "other projects may join", field: "shared", kind: "flag" },
  { flags: "--addressfamily <family>", help: "IPv4 or IPv6 only", field: "addressfamily" },
  {
    flags: "--ipv4-prefix-length <bits>",
    help: "instead of the super network's default",
    field: "length.IPv4",
    kind: "number",
  },
  {
    flags: "--ipv6-prefix-length <bits>",
    help: "instead of the super network's default",
    field: "length.IPv6",
    kind: "number",
  },
];

const shortened =
  (path: string) =>
  (doc: Doc, { wide }: Look): string =>
    wide ? field(path)(doc) : truncateMiddle(field(path)(doc), 30);

const tagsOf = (doc: Doc) => (doc["tags"] ?? []) as readonly string[];
/** Tags of metal-stack's own, as the original shortens them. */
const shortTag = (tag: string) =>
  tag
    .replace(/^machine\.metal-stack\.io\/id=([^=]*).*/, "machine:$1")
    .replace(/^cluster\.metal-stack\.io\/id\/namespace\/service=([^=]*).*/, "service:$1");

/** A text that sorts as its address: IPv4 before IPv6, each by its bits. */
function addressOrder(doc: Doc): string {
  const address = field("ipaddress")(doc);
  if (!address.includes(":"))
    return `4${address
      .split(".")
      .map((octet) => octet.padStart(3, "0"))
      .join("")}`;
  const [head = [], tail = []] = address.split("::").map((half) => half.split(":").filter(Boolean));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => "0");
  return `6${[...head, ...zeros, ...tail].map((group) => group.padStart(4, "0")).join("")}`;
}

export const ip: Resource = {
  name: "ip",
  aliases: ["ips"],
  help: "addresses",
  path: "/v1/ip",
  example: "203.0.113.9",
  examples: {
    list: [["those of a machine", "--machineid $MACHINE"]],
    create: [
      ["the next free one", "--network internet --project $PROJECT --name ingress"],
      [
        "this very one, and it stays when nobody uses it",
        "--ipaddress 203.0.113.9 --network internet --project $PROJECT --type static",
      ],
    ],
  },
  sortKeys: {
    ipaddress: addressOrder,
    id: "allocationuuid",
    name: "name",
    description: "description",
    network: "networkid",
    type: "type",
    age: oldestFirst("created"),
  },
  sort: "ipaddress",
  id: field("ipaddress"),
  columns: [
    column("IP", "ipaddress"),
    column("Allocation UUID", "allocationuuid", "wide"),
    { header: "Description", cell: shortened("description") },
    { header: "Name", cell: shortened("name") },
    column("Network", "networkid"),
    column("Project", "projectid"),
    column("Type", "type"),
    {
      header: "Tags",
      cell: (doc, { wide }) =>
        tagsOf(doc)
          .map(wide ? String : shortTag)
          .join("\n"),
    },
  ],
  filters: [
    { flags: "--ipaddress <ip>", help: "only with ipaddress", field: "ipaddress" },
    { flags: "--project <id>", help: "only with this project", field: "projectid" },
    { flags: "--network <id>", help: "only with this network", field: "networkid" },
    { flags: "--prefix <prefix>", help: "only with this prefix", field: "networkprefix" },
    { flags: "--machineid <id>", help: "only with this machineid", field: "machineid" },
    { flags: "--type <type>", help: "only with this type", field: "type" },
    { flags: "--tags <tags>", help: "only with tags", field: "tags", kind: LIST },
    { flags: "--name <name>", help: "only with this name", field: "name" },
    { flags: "--addressfamily <family>", help: "only with this addressfamily", field: "addressfamily" },
  ],
  createFlags: [
    { flags: "--ipaddress <ip>", help: "a certain address; the next free one when absent", field: "ipaddress" },
    { flags: "--network <id>", help: "network", field: "networkid" },
    { flags: "--project <id>", help: "project", field: "projectid" },
    { flags: "--type <type>", help: "ephemeral (unless said) or static", field: "type" },
    { flags: "-n, --name <name>", help: "name", field: "name" },
    { flags: "-d, --description <text>", help: "description", field: "description" },
    { flags: "--tags <tags>", help: "tags", field: "tags", kind: LIST },
    { flags: "--addressfamily <family>", help: "IPv4 or IPv6", field: "addressfamily" },
  ],
  create: (api, { ipaddress, ...request }) =>
    api.post(ipaddress ? `/v1/ip/allocate/${encodeURIComponent(ipaddress as string)}` : "/v1/ip/allocate", request),
  verbAliases: { delete: ["free"] },
  delete: (api, id) => api.delete(`/v1/ip/free/${encodeURIComponent(id)}`),
};
