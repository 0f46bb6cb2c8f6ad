import { type Static, Type } from "typebox";
import { Described, DNSServer, Expected, NTPServer, OneOf, Time } from "./base.ts";
import { FilesystemLayoutResponse } from "./filesystem-layout.ts";
import { ImageResponse } from "./image.ts";

const Texts = Type.Array(Type.String());
const Role = OneOf(["machine", "firewall"], "what the machine is used as");

export const MachineNetwork = Type.Object(
  {
    networkid: Type.String(),
    prefixes: Texts,
    ips: Texts,
    destinationprefixes: Texts,
    vrf: Type.Integer({ format: "int64", minimum: 0 }),
    asn: Type.Integer({ format: "int64", description: "the same in all networks of a machine" }),
    nat: Type.Boolean(),
    private: Type.Boolean(),
    underlay: Type.Boolean(),
    networktype: Type.String({ description: "what the network is to this machine" }),
    networktypev2: Type.String(),
    nattypev2: Type.String(),
    projectid: Type.String(),
  },
  { $id: "v1.MachineNetwork" },
);

export const BootInfo = Type.Object(
  {
    image_id: Type.String(),
    primary_disk: Type.String(),
    os_partition: Type.String(),
    initrd: Type.String(),
    cmdline: Type.String(),
    kernel: Type.String(),
    bootloaderid: Type.String(),
  },
  { $id: "v1.BootInfo" },
);

export const MachineVPN = Type.Object(
  { address: Type.String(), auth_key: Type.String(), connected: Type.Boolean() },
  { $id: "v1.MachineVPN" },
);

const rule = {
  protocol: Type.Optional(OneOf(["tcp", "udp"], "tcp when absent")),
  ports: Expected(Type.Array(Type.Integer({ format: "int32" }))),
  comment: Type.Optional(Type.String()),
};
export const FirewallEgressRule = Type.Object({ ...rule, to: Expected(Texts) }, { $id: "v1.FirewallEgressRule" });
export const FirewallIngressRule = Type.Object(
  { ...rule, to: Type.Optional(Texts), from: Expected(Texts) },
  { $id: "v1.FirewallIngressRule" },
);
export const FirewallRules = Type.Object(
  {
    egress: Type.Optional(Type.Array(FirewallEgressRule)),
    ingress: Type.Optional(Type.Array(FirewallIngressRule)),
  },
  { $id: "v1.FirewallRules" },
);
export type FirewallRules = Static<typeof FirewallRules>;

export const MachineAllocation = Type.Object(
  {
    allocationuuid: Type.String(),
    creator: Type.String({ description: "e-mail" }),
    created: Time("when the machine was allocated"),
    name: Type.String(),
    description: Type.Optional(Type.String()),
    project: Type.String(),
    image: Type.Optional(ImageResponse),
    filesystemlayout: Type.Optional(FilesystemLayoutResponse),
    networks: Type.Array(MachineNetwork),
    hostname: Type.String(),
    ssh_pub_keys: Texts,
    user_data: Type.Optional(Type.String()),
    succeeded: Type.Boolean({ description: "the machine phoned home since it was installed" }),
    reinstall: Type.Boolean(),
    boot_info: Type.Optional(BootInfo),
    role: Role,
    vpn: Type.Optional(MachineVPN),
    firewall_rules: Type.Optional(FirewallRules),
    dns_servers: Type.Optional(Type.Array(DNSServer)),
    ntp_servers: Type.Optional(Type.Array(NTPServer)),
  },
  { $id: "v1.MachineAllocation" },
);
export type MachineAllocation = Static<typeof MachineAllocation>;

export const MachineAllocationNetwork = Type.Object(
  {
    networkid: Type.String(),
    autoacquire: Expected(Type.Boolean({ description: "acquires an address; true when absent" })),
  },
  { $id: "v1.MachineAllocationNetwork" },
);

const wanted = {
  ...Described,
  uuid: Type.Optional(Type.String({ description: "this machine, instead of any of a size in a partition" })),
  hostname: Type.Optional(Type.String()),
  projectid: Expected(Type.String()),
  partitionid: Expected(Type.String()),
  sizeid: Expected(Type.String()),
  imageid: Expected(Type.String({ description: "without patch level the newest is taken" })),
  filesystemlayoutid: Type.Optional(Type.String()),
  ssh_pub_keys: Expected(Texts),
  user_data: Type.Optional(Type.String()),
  tags: Type.Optional(Texts),
  networks: Type.Optional(Type.Array(MachineAllocationNetwork)),
  ips: Type.Optional(Texts),
  placement_tags: Type.Optional(Type.Array(Type.String(), { description: "machines with these are kept apart" })),
  dns_servers: Type.Optional(Type.Array(DNSServer)),
  ntp_servers: Type.Optional(Type.Array(NTPServer)),
};

export const MachineAllocateRequest = Type.Object(wanted, { $id: "v1.MachineAllocateRequest" });
export type MachineAllocateRequest = Static<typeof MachineAllocateRequest>;

export const FirewallCreateRequest = Type.Object(
  { ...wanted, firewall_rules: Type.Optional(FirewallRules) },
  { $id: "v1.FirewallCreateRequest" },
);
export type FirewallCreateRequest = Static<typeof FirewallCreateRequest>;
