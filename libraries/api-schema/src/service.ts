// What is not about a resource: health, version, the caller.
import { type Static, Type } from "typebox";

interface ServiceHealth {
  status: string;
  message: string;
}

export const HealthResponse = Type.Object(
  {
    status: Type.String({ description: "healthy, degraded, partial-outage or unhealthy" }),
    message: Type.String(),
    services: Type.Optional(Type.Record(Type.String(), Type.Unsafe<ServiceHealth>({ $ref: "rest.HealthResponse#" }))),
  },
  { $id: "rest.HealthResponse" },
);
export type HealthResponse = Static<typeof HealthResponse>;

export const VersionResponse = Type.Object(
  {
    name: Type.String(),
    version: Type.String(),
    builddate: Type.String(),
    revision: Type.String(),
    gitsha1: Type.String(),
    min_client_version: Type.String(),
    release_version: Type.Optional(Type.String()),
  },
  { $id: "rest.version" },
);

/** Capitalised, as the original's clients expect (reference/api-resources.md 4.5). */
export const UserResponse = Type.Object(
  {
    EMail: Type.String(),
    Name: Type.String(),
    Groups: Type.Array(Type.String()),
    Tenant: Type.String(),
    Issuer: Type.String(),
    Subject: Type.String(),
  },
  { $id: "v1.User" },
);
