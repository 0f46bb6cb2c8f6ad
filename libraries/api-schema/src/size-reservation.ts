import { type Static, Type } from "typebox";
import { Described, Expected, Identified, Labels, MAX_ID_LENGTH, Timestamps } from "./base.ts";

const count = (description: string) => Type.Integer({ format: "int32", description });
const amount = count("how many machines are reserved, in each partition");
const partitionids = Type.Array(Type.String(), { maxItems: 1000, description: "where they are reserved" });
const labels = Type.Optional(Labels);

export const SizeReservationCreateRequest = Type.Object(
  {
    id: Expected(
      Type.String({ maxLength: MAX_ID_LENGTH, description: "the unique ID of this entity, made when absent" }),
    ),
    ...Described,
    labels,
    amount: Expected(amount),
    partitionids: Expected(partitionids),
    projectid: Expected(Type.String({ description: "the project they are reserved for" })),
    sizeid: Expected(Type.String({ description: "the size of the machines" })),
  },
  { $id: "v1.SizeReservationCreateRequest" },
);

export const SizeReservationUpdateRequest = Type.Object(
  { ...Identified, ...Described, labels, amount: Expected(amount), partitionids: Expected(partitionids) },
  { $id: "v1.SizeReservationUpdateRequest" },
);

export const SizeReservationListRequest = Type.Object(
  {
    id: Type.Optional(Type.String({ description: "the id of this size reservation" })),
    partitionid: Type.Optional(Type.String({ description: "a partition of this size reservation" })),
    projectid: Type.Optional(Type.String({ description: "the project id of this size reservation" })),
    sizeid: Type.Optional(Type.String({ description: "the size id of this size reservation" })),
  },
  { $id: "v1.SizeReservationListRequest" },
);
export type SizeReservationListRequest = Static<typeof SizeReservationListRequest>;

export const SizeReservationResponse = Type.Object(
  {
    ...Identified,
    ...Described,
    labels,
    amount,
    partitionids,
    projectid: Type.String(),
    sizeid: Type.String(),
    ...Timestamps,
  },
  { $id: "v1.SizeReservationResponse" },
);
export type SizeReservationResponse = Static<typeof SizeReservationResponse>;

export const SizeReservationUsageResponse = Type.Object(
  {
    ...Identified,
    ...Described,
    labels,
    amount,
    partitionid: Type.String(),
    projectid: Type.String(),
    sizeid: Type.String(),
    usedamount: count("how many of them the project has taken"),
    projectallocations: count("machines of this size that the project has in this partition"),
  },
  { $id: "v1.SizeReservationUsageResponse" },
);
export type SizeReservationUsageResponse = Static<typeof SizeReservationUsageResponse>;
