// What the resources of the REST API have in common.
import { type Static, type TSchema, Type } from "typebox";

/** RFC 3339. */
export const Time = (description: string) => Type.String({ format: "date-time", description });

/** What only the server sets: clients that are generated leave it out of requests. */
export const ReadOnly = <S extends TSchema>(schema: S) => ({ ...schema, readOnly: true });

/**
 * A field that the API's document lists as required, as the original does, although a request may leave it out: Go clients
 * send null for what is unset.
 */
export const Expected = <S extends TSchema>(schema: S) => Type.Optional({ ...schema, "x-required": true });

/** A text with well-known values, documented but not enforced: old clients send others (reference/api-resources.md trap 6). */
export const OneOf = (values: readonly string[], description: string) => Type.String({ "x-enum": values, description });

export const Labels = Type.Record(Type.String(), Type.String(), { description: "free labels" });

/** Of ids that clients choose; as masterdata's. */
export const MAX_ID_LENGTH = 512;

/** id, name and description as requests have them: what is absent stays unchanged. */
export const Identified = {
  id: Type.String({ minLength: 1, maxLength: MAX_ID_LENGTH, description: "the unique ID of this entity" }),
};
export const Described = {
  name: Type.Optional(Type.String({ description: "a readable name for this entity" })),
  description: Type.Optional(Type.String({ description: "a description for this entity" })),
};
export const Timestamps = {
  created: Type.Optional(ReadOnly(Time("the creation time of this entity"))),
  changed: Type.Optional(ReadOnly(Time("the last changed timestamp of this entity"))),
};

export const ErrorResponse = Type.Object(
  {
    statuscode: Type.Integer({ format: "int32", description: "http status code" }),
    message: Type.String({ description: "error message" }),
    reasons: Type.Optional(Type.Array(Type.String(), { description: "why each candidate was refused; ours" })),
  },
  { $id: "httperrors.HTTPErrorResponse" },
);

/** The content of an error's body, after the outer string is decoded. */
export type ErrorResponse = Static<typeof ErrorResponse>;

const TRUE: readonly string[] = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE = ["", "0", "f", "F", "FALSE", "false", "False"];

/** A query parameter in the words of Go's ParseBool; the document calls it a boolean. Read it with {@link isTrue}. */
export const BooleanParameter = (description: string) =>
  Type.Optional(Type.String({ "x-boolean": true, description, enum: [...TRUE, ...FALSE] }));

export const isTrue = (parameter: string | undefined): boolean => TRUE.includes(parameter ?? "");

/** What the power commands are sent, and never look at. */
export const EmptyBody = Type.Object({}, { $id: "v1.EmptyBody" });

export const IdParameter = Type.Object({ id: Type.String() });

export const DNSServer = Type.Object(
  { ip: Type.String({ description: "ip address of this dns server" }) },
  { $id: "v1.DNSServer" },
);

export const NTPServer = Type.Object(
  { address: Type.String({ description: "ip address or dns hostname of this ntp server" }) },
  { $id: "v1.NTPServer" },
);
