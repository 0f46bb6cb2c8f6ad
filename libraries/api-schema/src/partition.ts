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

const counter = (description: string) => Type.Optional(Type.Integer({ format: "int32", description }));
const machineIds = (description: string) => Type.Optional(Type.Array(Type.String(), { description }));

/** Of one size in one partition. Counters that are 0 and lists that are empty are absent. */
export const ServerCapacity = Type.Object(
  {
    size: Type.String({ description: "the size of the machines" }),
    total: counter(
      "all machines; allocated, unavailable and allocatable together, as are phoned_home, waiting and other",
    ),
    phoned_home: counter("machines that run a tenant's operating system"),
    waiting: counter("machines that wait for instructions"),
    other: counter("machines in another provisioning state"),
    othermachines: machineIds("their ids"),
    allocated: counter("machines that belong to a project"),
    allocatable: counter("machines that can be allocated now, reserved or not"),
    free: counter("those of them that are not reserved for other projects"),
    unavailable: counter("machines that are neither allocated nor allocatable"),
    faulty: counter("machines with issues"),
    faultymachines: machineIds("their ids"),
    reservations: counter("machines that are reserved for projects"),
    usedreservations: counter("those of them that the projects have taken"),
    remainingreservations: counter("those of them that the projects have not taken"),
  },
  { $id: "v1.ServerCapacity" },
);
export type ServerCapacity = Static<typeof ServerCapacity>;

export const PartitionCapacity = Type.Object(
  { ...Identified, ...Described, servers: Type.Array(ServerCapacity, { description: "by size" }) },
  { $id: "v1.PartitionCapacity" },
);
export type PartitionCapacity = Static<typeof PartitionCapacity>;

export const PartitionCapacityRequest = Type.Object(
  {
    id: Type.Optional(Type.String({ description: "only this partition" })),
    sizeid: Type.Optional(Type.String({ description: "only this size" })),
    projectid: Expected(Type.String({ description: "machines that are reserved for this project count as free, too" })),
  },
  { $id: "v1.PartitionCapacityRequest" },
);
export type PartitionCapacityRequest = Static<typeof PartitionCapacityRequest>;
