import { type Static, Type } from "typebox";
import { Described, Identified } from "./base.ts";

export const SizeImageConstraintBase = Type.Object(
  {
    images: Type.Record(Type.String(), Type.String({ maxLength: 256 }), {
      description: "operating system to version expression",
    }),
  },
  { $id: "v1.SizeImageConstraintBase" },
);

const requested = Type.Optional(SizeImageConstraintBase);

export const SizeImageConstraintCreateRequest = Type.Object(
  { ...Identified, ...Described, constraints: requested },
  { $id: "v1.SizeImageConstraintCreateRequest" },
);
export const SizeImageConstraintUpdateRequest = Type.Object(
  { ...Identified, ...Described, constraints: requested },
  { $id: "v1.SizeImageConstraintUpdateRequest" },
);

export const SizeImageConstraintResponse = Type.Object(
  { ...Identified, ...Described, constraints: SizeImageConstraintBase },
  { $id: "v1.SizeImageConstraintResponse" },
);
export type SizeImageConstraintResponse = Static<typeof SizeImageConstraintResponse>;

export const SizeImageConstraintTryRequest = Type.Object(
  {
    size: Type.String({ minLength: 1, description: "size id" }),
    image: Type.String({ minLength: 1, description: "image id; without a patch the newest" }),
  },
  { $id: "v1.SizeImageConstraintTryRequest" },
);
