// What an operator can ask of one machine; ours, the original has nothing like it.
import { type Static, Type } from "typebox";
import { Time } from "./base.ts";

export const MachineWhyResponse = Type.Object(
  {
    state: Type.String({ description: "a short name of what follows, for programs" }),
    doing: Type.String({ description: "what the machine is doing and why, in one sentence" }),
    since: Time("since when"),
    deadline: Time("by when this should be over; later than that it needs a look"),
    next: Type.String({ description: "what happens next, by itself" }),
    actions: Type.Array(Type.String(), { description: "what an operator can do now" }),
    also: Type.Array(Type.String(), { description: "what ails it besides" }),
    facts: Type.Record(Type.String(), Type.String(), { description: "what this is concluded from" }),
  },
  { $id: "v1.MachineWhyResponse" },
);
export type MachineWhyResponse = Static<typeof MachineWhyResponse>;

export const MachineEraseRetryRequest = Type.Object(
  { reason: Type.Optional(Type.String({ maxLength: 1000, description: "is kept with the release and in the audit" })) },
  { $id: "v1.MachineEraseRetryRequest" },
);

export const MachineEraseOverrideRequest = Type.Object(
  {
    reason: Type.String({
      pattern: "\\S",
      maxLength: 1000,
      description: "why nobody's data is at risk; is kept with the machine and in the audit",
    }),
  },
  { $id: "v1.MachineEraseOverrideRequest" },
);

export const MachineJob = Type.Object(
  {
    id: Type.String(),
    kind: Type.String({ description: "release, or bmc:<command>" }),
    phase: Type.String(),
    requestedby: Type.String(),
    attempts: Type.Integer({ format: "int64" }),
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
