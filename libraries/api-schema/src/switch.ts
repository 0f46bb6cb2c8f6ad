import { type Static, Type } from "typebox";
import { Described, Expected, Identified, OneOf, Time, Timestamps } from "./base.ts";
import { PartitionResponse } from "./partition.ts";

const PORT_STATES = ["DOWN", "UNKNOWN", "UP"];

export const SwitchOS = Type.Object(
  {
    vendor: Type.Optional(
      Type.String({ description: "Cumulus, SONiC, or what a leaf that runs neither calls its own" }),
    ),
    version: Type.Optional(Type.String({ description: "the operating system version the switch currently has" })),
    metal_core_version: Type.Optional(Type.String({ description: "the version of metal-core running" })),
  },
  { $id: "v1.SwitchOS" },
);

export const BGPFilter = Type.Object(
  {
    cidrs: Type.Array(Type.String(), {
      description: "the cidr addresses that are allowed to be announced at this switch port",
    }),
    vnis: Type.Optional(
      Type.Array(Type.String(), { description: "the virtual networks that are exposed at this switch port" }),
    ),
  },
  { $id: "v1.BGPFilter" },
);

/** Keys are capitalised on the wire; times in seconds. */
const bgpPortState = {
  Neighbor: Type.String(),
  PeerGroup: Type.String(),
  VrfName: Type.String(),
  BgpState: Type.String(),
  BgpTimerUpEstablished: Type.Integer({ format: "int64" }),
  SentPrefixCounter: Type.Integer({ format: "int64" }),
  AcceptedPrefixCounter: Type.Integer({ format: "int64" }),
};
export const SwitchBGPPortState = Type.Object(bgpPortState, { $id: "v1.SwitchBGPPortState" });
const StoredBGPPortState = Type.Object(bgpPortState, { $id: "metal.SwitchBGPPortState" });

const nic = {
  mac: Type.String({ description: "the mac address of this network interface" }),
  name: Type.String({ description: "the name of this network interface" }),
  identifier: Type.String({ description: "the identifier of this network interface" }),
  vrf: Type.Optional(Type.String({ description: "the vrf this network interface is part of" })),
  filter: Type.Optional(BGPFilter),
  actual: Expected(OneOf(PORT_STATES, "the current state of the nic")),
  bgp_port_state: Type.Optional(StoredBGPPortState),
};
/** Of a response everything, of a registration only mac, name and identifier count. */
export const SwitchNic = Type.Object(nic, { $id: "v1.SwitchNic" });
export type SwitchNic = Static<typeof SwitchNic>;

export const SwitchConnection = Type.Object(
  {
    nic: SwitchNic,
    machine_id: Type.Optional(Type.String({ description: "the machine id of the machine connected to the nic" })),
  },
  { $id: "v1.SwitchConnection" },
);

const switchBase = {
  rack_id: Type.String({ description: "the id of the rack in which this switch is located" }),
  mode: Type.Optional(Type.String({ description: "the mode the switch currently has" })),
  os: Type.Optional(SwitchOS),
  management_ip: Type.Optional(
    Type.String({ description: "the ip address of the management interface of the switch" }),
  ),
  management_user: Type.Optional(Type.String({ description: "the user to connect to the switch" })),
  console_command: Type.Optional(Type.String({ description: "command to access the console of the switch" })),
};

export const SwitchSync = Type.Object(
  {
    time: Time("point in time when the last switch sync happened"),
    duration: Type.Integer({ format: "int64", description: "the duration that lat switch sync took" }),
    error: Type.Optional(Type.String({ description: "shows the error occurred during the sync" })),
  },
  { $id: "v1.SwitchSync" },
);

const syncs = {
  last_sync: Type.Optional(SwitchSync),
  last_sync_error: Type.Optional(SwitchSync),
};

export const SwitchResponse = Type.Object(
  {
    ...Identified,
    ...Described,
    ...switchBase,
    nics: Type.Array(SwitchNic, {
      description: "the list of network interfaces on the switch with the desired nic states",
    }),
    partition: PartitionResponse,
    connections: Type.Array(SwitchConnection, {
      description: "a connection between a switch port and a machine with the real nic states",
    }),
    ...syncs,
    ...Timestamps,
  },
  { $id: "v1.SwitchResponse" },
);
export type SwitchResponse = Static<typeof SwitchResponse>;

export const SwitchRegisterRequest = Type.Object(
  {
    id: Expected(Type.String({ description: "the unique ID of this entity" })),
    ...Described,
    ...switchBase,
    rack_id: Expected(switchBase.rack_id),
    nics: Expected(Type.Array(SwitchNic, { description: "the list of network interfaces on the switch" })),
    partition_id: Expected(Type.String({ description: "the partition in which this switch is located" })),
  },
  { $id: "v1.SwitchRegisterRequest" },
);
export type SwitchRegisterRequest = Static<typeof SwitchRegisterRequest>;

/** Only description, console_command and mode are read. */
export const SwitchUpdateRequest = Type.Object(
  { ...Identified, ...Described, ...switchBase, rack_id: Expected(switchBase.rack_id) },
  { $id: "v1.SwitchUpdateRequest" },
);

export const SwitchFindRequest = Type.Object(
  {
    id: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    osvendor: Type.Optional(Type.String()),
    osversion: Type.Optional(Type.String()),
    partitionid: Type.Optional(Type.String()),
    rackid: Type.Optional(Type.String()),
  },
  { $id: "v1.SwitchFindRequest" },
);
export type SwitchFindRequest = Static<typeof SwitchFindRequest>;

export const SwitchPortToggleRequest = Type.Object(
  {
    nic: Expected(Type.String({ description: "the nic of the switch you want to change" })),
    status: Expected(OneOf(["DOWN", "UP"], "sets the port status")),
  },
  { $id: "v1.SwitchPortToggleRequest" },
);

export const SwitchMigrateRequest = Type.Object(
  {
    old_switch_id: Expected(Type.String({ description: "the id of the switch that should be migrated away from" })),
    new_switch_id: Expected(Type.String({ description: "the id of the new switch to migrate to" })),
  },
  { $id: "v1.SwitchMigrateRequest" },
);

export const SwitchNotifyRequest = Type.Object(
  {
    sync_duration: Expected(
      Type.Integer({ format: "int64", description: "the duration of the switch synchronization" }),
    ),
    error: Expected(Type.String()),
    port_states: Expected(Type.Record(Type.String(), Type.String(), { description: "the current switch port states" })),
    bgp_port_states: Type.Optional(
      Type.Record(Type.String(), SwitchBGPPortState, { description: "the current bgp port states" }),
    ),
  },
  { $id: "v1.SwitchNotifyRequest" },
);

export const SwitchNotifyResponse = Type.Object(
  { ...Identified, ...Described, ...syncs },
  { $id: "v1.SwitchNotifyResponse" },
);
