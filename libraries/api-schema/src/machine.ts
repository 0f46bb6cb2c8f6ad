import { type Static, Type } from "typebox";
import { Described, Expected, Identified, OneOf, ReadOnly, Time, Timestamps } from "./base.ts";
import { MachineAllocation } from "./machine-allocation.ts";
import { MachineIPMI } from "./machine-bmc.ts";
import { MachineBIOS, MachineHardware } from "./machine-hardware.ts";
import { PartitionResponse } from "./partition.ts";
import { SizeResponse } from "./size.ts";

export const MachineState = Type.Object(
  {
    value: OneOf(["", "RESERVED", "LOCKED"], "RESERVED: not chosen at random; LOCKED: neither allocated nor freed"),
    description: Expected(Type.String({ description: "why; needed for every value but the empty one" })),
    issuer: Type.Optional(Type.String({ description: "e-mail of who set it" })),
    metal_hammer_version: Expected(Type.String()),
  },
  { $id: "v1.MachineState" },
);

export const ChassisIdentifyLEDState = Type.Object(
  { value: Type.String({ description: "LED-ON or LED-OFF" }), description: Type.String() },
  { $id: "v1.ChassisIdentifyLEDState" },
);

export const MachineProvisioningEvent = Type.Object(
  {
    time: Type.Optional(ReadOnly(Time("when the server heard of it"))),
    event: Type.String(),
    message: Type.Optional(Type.String()),
  },
  { $id: "v1.MachineProvisioningEvent" },
);

export const MachineRecentProvisioningEvents = Type.Object(
  {
    log: Type.Array(MachineProvisioningEvent, { description: "the 20 newest, newest first" }),
    last_event_time: Type.Optional(Time("when the machine was last heard of")),
    last_error_event: Type.Optional(MachineProvisioningEvent),
    crash_loop: Type.Boolean(),
    failed_machine_reclaim: Type.Boolean(),
  },
  { $id: "v1.MachineRecentProvisioningEvents" },
);

const machine = {
  ...Identified,
  ...Described,
  partition: Type.Optional(PartitionResponse),
  rackid: Type.Optional(ReadOnly(Type.String())),
  size: Type.Optional(SizeResponse),
  hardware: MachineHardware,
  bios: MachineBIOS,
  allocation: Type.Optional(MachineAllocation),
  state: MachineState,
  ledstate: ChassisIdentifyLEDState,
  liveliness: OneOf(["Alive", "Dead", "Unknown", ""], "whether the machine was heard within five minutes"),
  events: MachineRecentProvisioningEvents,
  tags: Type.Array(Type.String()),
  reasons: Type.Optional(Type.Array(Type.String(), { description: "why it cannot be allocated; ours" })),
  ...Timestamps,
};

export const MachineResponse = Type.Object(machine, { $id: "v1.MachineResponse" });
export type MachineResponse = Static<typeof MachineResponse>;

export const FirewallResponse = Type.Object(machine, { $id: "v1.FirewallResponse" });

export const MachineIPMIResponse = Type.Object({ ...machine, ipmi: MachineIPMI }, { $id: "v1.MachineIPMIResponse" });
export type MachineIPMIResponse = Static<typeof MachineIPMIResponse>;

export const MachineUpdateRequest = Type.Object(
  {
    ...Identified,
    description: Expected(Type.String({ description: "of the allocation" })),
    tags: Type.Optional(Type.Array(Type.String(), { description: "replace the user's tags; empty leaves them" })),
    ssh_pub_keys: Type.Optional(Type.Array(Type.String(), { description: "replace the keys; empty leaves them" })),
  },
  { $id: "v1.MachineUpdateRequest" },
);
export type MachineUpdateRequest = Static<typeof MachineUpdateRequest>;

export const MachineConsolePasswordRequest = Type.Object(
  { id: Type.String({ minLength: 1 }), reason: Expected(Type.String({ description: "is logged" })) },
  { $id: "v1.MachineConsolePasswordRequest" },
);

export const MachineConsolePasswordResponse = Type.Object(
  { ...Identified, ...Described, console_password: Type.String() },
  { $id: "v1.MachineConsolePasswordResponse" },
);
