import { type Static, Type } from "typebox";
import { Described, Identified, Labels, OneOf, Timestamps } from "./base.ts";

export const SizeConstraint = Type.Object(
  {
    type: OneOf(["cores", "gpu", "memory", "storage"], "the type of the constraint"),
    min: Type.Optional(
      Type.Integer({ format: "int64", minimum: 0, description: "the minimum value of the constraint" }),
    ),
    max: Type.Optional(
      Type.Integer({ format: "int64", minimum: 0, description: "the maximum value of the constraint" }),
    ),
    identifier: Type.Optional(
      Type.String({
        maxLength: 256,
        description: "glob pattern which matches to the given type, for example gpu pci id",
      }),
    ),
  },
  { $id: "v1.SizeConstraint" },
);

const constraints = Type.Array(SizeConstraint, {
  maxItems: 64,
  description: "what hardware must have to be of this size",
});

export const SizeCreateRequest = Type.Object(
  { ...Identified, ...Described, labels: Type.Optional(Labels), constraints },
  { $id: "v1.SizeCreateRequest" },
);

export const SizeUpdateRequest = Type.Object(
  { ...Identified, ...Described, labels: Type.Optional(Labels), constraints: Type.Optional(constraints) },
  { $id: "v1.SizeUpdateRequest" },
);

export const SizeResponse = Type.Object(
  { ...Identified, ...Described, labels: Labels, constraints, ...Timestamps },
  { $id: "v1.SizeResponse" },
);
export type SizeResponse = Static<typeof SizeResponse>;

export const SizeSuggestRequest = Type.Object(
  { machineID: Type.String({ minLength: 1, description: "the machine to derive constraints from" }) },
  { $id: "v1.SizeSuggestRequest" },
);
