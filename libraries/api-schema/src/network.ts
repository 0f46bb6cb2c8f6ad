import { type Static, Type } from "typebox";
import { Described, Expected, Identified, Labels, MAX_ID_LENGTH, OneOf, Timestamps } from "./base.ts";

const count = { format: "int64", minimum: 0 } as const;
const Cidrs = (description: string) => Type.Array(Type.String(), { description });
const ChildLengths = Type.Record(Type.String(), Type.Integer({ format: "int64", minimum: 0, maximum: 255 }), {
  description: "length of child prefixes, by address family (IPv4, IPv6)",
});
const AddressFamily = OneOf(["IPv4", "IPv6"], "IPv4 or IPv6, in any case");

export const NetworkUsage = Type.Object(
  {
    available_ips: Type.Integer({ ...count, description: "all addresses, those in use and reserved ones included" }),
    used_ips: Type.Integer({ ...count, description: "addresses in use and reserved" }),
    available_prefixes: Type.Integer({ ...count, description: "how many /30 (IPv4) or /126 (IPv6) are free" }),
    used_prefixes: Type.Integer({ ...count, description: "child prefixes in use" }),
  },
  { $id: "v1.NetworkUsage" },
);

export const NetworkConsumption = Type.Object(
  { ipv4: Type.Optional(NetworkUsage), ipv6: Type.Optional(NetworkUsage) },
  { $id: "v1.NetworkConsumption" },
);

const belonging = {
  partitionid: Type.Optional(Type.String({ description: "the partition the network is in, if it is in one" })),
  projectid: Type.Optional(Type.String({ description: "the project the network belongs to, if it belongs to one" })),
  labels: Type.Optional(Labels),
  shared: Type.Optional(Type.Boolean({ description: "machines of other projects may use it, too" })),
};

const announcable = Type.Optional(Cidrs("what tenants may announce besides the prefixes; only of super networks"));

export const NetworkResponse = Type.Object(
  {
    ...Identified,
    ...Described,
    ...belonging,
    prefixes: Cidrs("the prefixes of the network"),
    destinationprefixes: Cidrs("where its traffic may leave to"),
    defaultchildprefixlength: Type.Optional(ChildLengths),
    nat: Type.Boolean({ description: "traffic of the private network leaves with an address of this one" }),
    privatesuper: Type.Boolean({ description: "private networks of the partition are cut out of it" }),
    underlay: Type.Boolean({ description: "the fabric of switches and firewalls" }),
    vrf: Type.Optional(Type.Integer({ ...count, description: "number of VRF and VXLAN, 0 when there is none" })),
    vrfshared: Type.Optional(Type.Boolean({ description: "never set in answers" })),
    parentnetworkid: Type.Optional(Type.String({ description: "the network it was cut out of" })),
    additionalAnnouncableCIDRs: announcable,
    networktype: OneOf(["external", "super", "underlay", "child", "child-shared"], "what the network is"),
    nattype: OneOf(["none", "ipv4-masq"], "how addresses are translated"),
    consumption: NetworkConsumption,
    usage: NetworkUsage,
    ...Timestamps,
  },
  { $id: "v1.NetworkResponse" },
);
export type NetworkResponse = Static<typeof NetworkResponse>;

export const NetworkCreateRequest = Type.Object(
  {
    id: Expected(Type.String({ maxLength: MAX_ID_LENGTH, description: "chosen by the server when absent" })),
    ...Described,
    ...belonging,
    prefixes: Expected(Cidrs("the prefixes of the network")),
    destinationprefixes: Expected(Cidrs("where its traffic may leave to")),
    defaultchildprefixlength: Type.Optional(ChildLengths),
    nat: Expected(Type.Boolean()),
    privatesuper: Expected(Type.Boolean()),
    underlay: Expected(Type.Boolean()),
    vrf: Type.Optional(Type.Integer(count)),
    vrfshared: Type.Optional(Type.Boolean({ description: "other networks may have the same VRF" })),
    parentnetworkid: Type.Optional(Type.String({ description: "ignored" })),
    additionalAnnouncableCIDRs: announcable,
    networktype: Expected(Type.String({ description: "ignored" })),
    nattype: Expected(Type.String({ description: "ignored" })),
  },
  { $id: "v1.NetworkCreateRequest" },
);
export type NetworkCreateRequest = Static<typeof NetworkCreateRequest>;

export const NetworkUpdateRequest = Type.Object(
  {
    ...Identified,
    ...Described,
    labels: Type.Optional(Labels),
    shared: Type.Optional(Type.Boolean()),
    prefixes: Type.Optional(Cidrs("all prefixes from now on; absent or empty leaves them")),
    destinationprefixes: Type.Optional(Cidrs("all destinations from now on; absent or empty leaves them")),
    defaultchildprefixlength: Type.Optional(ChildLengths),
    additionalAnnouncableCIDRs: announcable,
  },
  { $id: "v1.NetworkUpdateRequest" },
);
export type NetworkUpdateRequest = Static<typeof NetworkUpdateRequest>;

export const NetworkAllocateRequest = Type.Object(
  {
    ...Described,
    ...belonging,
    destinationprefixes: Type.Optional(Cidrs("where its traffic may leave to")),
    nat: Type.Optional(Type.Boolean()),
    length: Type.Optional(ChildLengths),
    addressfamily: Type.Optional(AddressFamily),
  },
  { $id: "v1.NetworkAllocateRequest" },
);
export type NetworkAllocateRequest = Static<typeof NetworkAllocateRequest>;

export const NetworkFindRequest = Type.Object(
  {
    id: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    partitionid: Type.Optional(Type.String()),
    projectid: Type.Optional(Type.String()),
    parentnetworkid: Type.Optional(Type.String()),
    vrf: Type.Optional(Type.Integer({ format: "int64" })),
    nat: Type.Optional(Type.Boolean()),
    privatesuper: Type.Optional(Type.Boolean()),
    underlay: Type.Optional(Type.Boolean()),
    labels: Type.Optional(Labels),
    prefixes: Type.Optional(Cidrs("prefixes that the network must all have")),
    destinationprefixes: Type.Optional(Cidrs("destinations that the network must all have")),
    addressfamily: Type.Optional(AddressFamily),
  },
  { $id: "v1.NetworkFindRequest" },
);
export type NetworkFindRequest = Static<typeof NetworkFindRequest>;
