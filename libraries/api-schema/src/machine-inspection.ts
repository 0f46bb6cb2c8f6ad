// What an operator can ask of one machine; ours, the original has nothing like it.
import { type Static, Type } from "typebox";
import { Time } from "./base.ts";

export const MachineWhyResponse = Type.Object(
  {
    doing: Type.String({ description: "what the machine is doing, in one sentence" }),
    since: Type.Optional(Time("since when")),
    next: Type.String({ description: "what happens next, and by itself" }),
    actions: Type.Array(Type.String(), { description: "what an operator can do now" }),
    facts: Type.Record(Type.String(), Type.String(), { description: "what this is concluded from" }),
  },
  { $id: "v1.MachineWhyResponse" },
);
export type MachineWhyResponse = Static<typeof MachineWhyResponse>;

const DiskErase = Type.Object(
  {
    name: Type.String(),
    serial: Type.String(),
    model: Type.String(),
    size: Type.Integer({ description: "bytes" }),
    method: Type.String(),
    started: Type.Optional(Time("when erasing began")),
    finished: Type.Optional(Time("when reading back ended")),
    sectors_sampled: Type.Integer(),
    sectors_not_zero: Type.Integer(),
    sector_size: Type.Integer({ description: "bytes" }),
    verified: Type.Boolean(),
    error: Type.String(),
    attempts: Type.Array(Type.String()),
  },
  { $id: "v1.DiskErase" },
);

export const MachineEraseRecord = Type.Object(
  {
    id: Type.String(),
    machineid: Type.String(),
    releaseid: Type.String(),
    allocationuuid: Type.Optional(Type.String({ description: "of the tenant whose data it was" })),
    accepted: Type.Boolean({ description: "the disks count as erased" }),
    reason: Type.String(),
    disks: Type.Array(DiskErase),
    created: Time("when the verdict was given"),
  },
  { $id: "v1.MachineEraseRecord" },
);
export type MachineEraseRecord = Static<typeof MachineEraseRecord>;

export const MachineEraseRequest = Type.Object(
  {
    override: Type.Optional(
      Type.Boolean({ description: "true: let a quarantined machine go without proof; false: erase again" }),
    ),
    reason: Type.String({ minLength: 1, maxLength: 1000, description: "is kept with the machine" }),
  },
  { $id: "v1.MachineEraseRequest" },
);

export const MachineJob = Type.Object(
  {
    id: Type.String(),
    kind: Type.String({ description: "release, or bmc:<command>" }),
    phase: Type.String(),
    requestedby: Type.String(),
    attempts: Type.Integer(),
    lasterror: Type.Optional(Type.String()),
    reason: Type.Optional(Type.String()),
    nexttry: Type.Optional(Time("when it is tried again")),
    deadline: Type.Optional(Time("when the phase counts as failed")),
    created: Time("when it was asked for"),
    finished: Type.Optional(Time("when it ended")),
  },
  { $id: "v1.MachineJob" },
);
export type MachineJob = Static<typeof MachineJob>;
