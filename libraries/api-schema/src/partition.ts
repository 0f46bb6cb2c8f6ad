import { type Static, Type } from "typebox";
import { Described, DNSServer, Expected, Identified, Labels, NTPServer, Timestamps } from "./base.ts";

export const PartitionBootConfiguration = Type.Object(
  {
    imageurl: Type.Optional(Type.String({ description: "the url to download the initrd for the boot image" })),
    kernelurl: Type.Optional(Type.String({ description: "the url to download the kernel for the boot image" })),
    commandline: Type.Optional(Type.String({ description: "the cmdline to the kernel for the boot image" })),
  },
  { $id: "v1.PartitionBootConfiguration" },
);

const settings = {
  mgmtserviceaddress: Type.Optional(Type.String({ description: "the address to the management service" })),
  labels: Type.Optional(Labels),
};
const servers = {
  dns_servers: Type.Array(DNSServer),
  ntp_servers: Type.Array(NTPServer),
};

export const PartitionCreateRequest = Type.Object(
  {
    ...Identified,
    ...Described,
    ...settings,
    dns_servers: Type.Optional(servers.dns_servers),
    ntp_servers: Type.Optional(servers.ntp_servers),
    bootconfig: PartitionBootConfiguration,
  },
  { $id: "v1.PartitionCreateRequest" },
);
export type PartitionCreateRequest = Static<typeof PartitionCreateRequest>;

export const PartitionUpdateRequest = Type.Object(
  {
    ...Identified,
    ...Described,
    ...settings,
    dns_servers: Expected(servers.dns_servers),
    ntp_servers: Expected(servers.ntp_servers),
    bootconfig: Type.Optional(PartitionBootConfiguration),
  },
  { $id: "v1.PartitionUpdateRequest" },
);
export type PartitionUpdateRequest = Static<typeof PartitionUpdateRequest>;

export const PartitionResponse = Type.Object(
  {
    ...Identified,
    ...Described,
    ...settings,
    dns_servers: Type.Optional(servers.dns_servers),
    ntp_servers: Type.Optional(servers.ntp_servers),
    bootconfig: PartitionBootConfiguration,
    ...Timestamps,
  },
  { $id: "v1.PartitionResponse" },
);
export type PartitionResponse = Static<typeof PartitionResponse>;
