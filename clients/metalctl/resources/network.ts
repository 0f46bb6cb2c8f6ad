import { truncate } from "../output/age.ts";
import { column, field, type Flag, type Resource } from "./resource.ts";

const LIST = "list" as const;

export const network: Resource = {
  name: "network",
  aliases: ["networks", "nw"],
  help: "external, private and underlay networks",
  path: "/v1/network",
  sort: (doc) => `${field("partitionid")(doc)} ${field("parentnetworkid")(doc)} ${field("id")(doc)}`,
  columns: [
    column("ID", "id"),
    column("Description", "description", "wide"),
    column("Name", "name"),
    column("Project", "projectid"),
    column("Partition", "partitionid"),
    column("Nat", "nat"),
    column("Shared", "shared"),
    column("Prefixes", "prefixes"),
    column("PrivateSuper", "privatesuper", "wide"),
    {
      header: "IP Usage",
      cell: (doc) =>
        field("usage.available_ips")(doc) ? `${field("usage.used_ips")(doc)}/${field("usage.available_ips")(doc)}` : "",
      in: "table",
    },
  ],
  filters: [
    { flags: "--id <id>", help: "filter", field: "id" },
    { flags: "--name <name>", help: "filter", field: "name" },
    { flags: "--project <id>", help: "filter", field: "projectid" },
    { flags: "--partition <id>", help: "filter", field: "partitionid" },
    { flags: "--parent <id>", help: "filter", field: "parentnetworkid" },
    { flags: "--nat", help: "filter", field: "nat", kind: "flag" },
    { flags: "--privatesuper", help: "filter", field: "privatesuper", kind: "flag" },
    { flags: "--underlay", help: "filter", field: "underlay", kind: "flag" },
    { flags: "--vrf <number>", help: "filter", field: "vrf", kind: "number" },
    { flags: "--prefixes <prefixes>", help: "filter", field: "prefixes", kind: LIST },
    { flags: "--destination-prefixes <prefixes>", help: "filter", field: "destinationprefixes", kind: LIST },
    { flags: "--addressfamily <family>", help: "filter: IPv4, IPv6", field: "addressfamily" },
  ],
  createFlags: [
    { flags: "--id <id>", help: "id", field: "id" },
    { flags: "-n, --name <name>", help: "name", field: "name" },
    { flags: "-d, --description <text>", help: "description", field: "description" },
    { flags: "--partition <id>", help: "partition", field: "partitionid" },
    { flags: "--project <id>", help: "project", field: "projectid" },
    { flags: "--labels <labels>", help: "key=value", field: "labels", kind: "labels" },
    { flags: "--prefixes <prefixes>", help: "CIDRs", field: "prefixes", kind: LIST },
    { flags: "--destination-prefixes <prefixes>", help: "CIDRs", field: "destinationprefixes", kind: LIST },
    { flags: "--privatesuper", help: "private networks are cut from it", field: "privatesuper", kind: "flag" },
    { flags: "--nat", help: "masquerade towards it", field: "nat", kind: "flag" },
    { flags: "--underlay", help: "the switch fabric", field: "underlay", kind: "flag" },
    { flags: "--vrf <number>", help: "VRF", field: "vrf", kind: "number" },
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
};

/** `network allocate`: a private network for a project. */
export const ALLOCATE_FLAGS: readonly Flag[] = [
  { flags: "-n, --name <name>", help: "name", field: "name" },
  { flags: "-d, --description <text>", help: "description", field: "description" },
  { flags: "--project <id>", help: "project", field: "projectid" },
  { flags: "--partition <id>", help: "partition", field: "partitionid" },
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

export const ip: Resource = {
  name: "ip",
  aliases: ["ips"],
  help: "addresses",
  path: "/v1/ip",
  id: field("ipaddress"),
  columns: [
    column("IP", "ipaddress"),
    column("Allocation UUID", "allocationuuid", "wide"),
    { header: "Description", cell: (doc) => truncate(field("description")(doc), 30) },
    { header: "Name", cell: (doc) => truncate(field("name")(doc), 30) },
    column("Network", "networkid"),
    column("Project", "projectid"),
    column("Type", "type"),
    { header: "Tags", cell: (doc) => field("tags")(doc).replaceAll("machine.metal-stack.io/id=", "machine:") },
  ],
  filters: [
    { flags: "--ipaddress <ip>", help: "filter", field: "ipaddress" },
    { flags: "--project <id>", help: "filter", field: "projectid" },
    { flags: "--network <id>", help: "filter", field: "networkid" },
    { flags: "--prefix <prefix>", help: "filter", field: "networkprefix" },
    { flags: "--machineid <id>", help: "filter", field: "machineid" },
    { flags: "--type <type>", help: "filter", field: "type" },
    { flags: "--tags <tags>", help: "filter", field: "tags", kind: LIST },
    { flags: "--name <name>", help: "filter", field: "name" },
    { flags: "--addressfamily <family>", help: "filter", field: "addressfamily" },
  ],
  createFlags: [
    { flags: "--ipaddress <ip>", help: "a certain address; the next free one when absent", field: "ipaddress" },
    { flags: "--network <id>", help: "network", field: "networkid" },
    { flags: "--project <id>", help: "project", field: "projectid" },
    { flags: "--type <type>", help: "ephemeral or static", field: "type" },
    { flags: "-n, --name <name>", help: "name", field: "name" },
    { flags: "-d, --description <text>", help: "description", field: "description" },
    { flags: "--tags <tags>", help: "tags", field: "tags", kind: LIST },
    { flags: "--addressfamily <family>", help: "IPv4 or IPv6", field: "addressfamily" },
  ],
  create: (api, { ipaddress, ...request }) =>
    api.post(ipaddress ? `/v1/ip/allocate/${encodeURIComponent(ipaddress as string)}` : "/v1/ip/allocate", request),
  delete: (api, id) => api.delete(`/v1/ip/free/${encodeURIComponent(id)}`),
};
