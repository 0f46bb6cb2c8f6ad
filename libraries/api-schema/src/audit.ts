// The audit trail in the original's shape (reference/api-resources.md 5.3), and which machine it is about.
import { type Static, Type } from "typebox";
import { Time } from "./base.ts";

const text = (description: string) => Type.Optional(Type.String({ description }));

/** All parts must hold; what is absent, empty or zero does not filter. */
export const AuditFindRequest = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ format: "int64", description: "the newest so many; 0: as many as there are" })),
    from: Type.Optional(Time("the last 24 hours when absent")),
    to: Type.Optional(Time("until now when absent")),
    component: text("exact"),
    rqid: text("exact"),
    type: text("exact"),
    user: text("exact"),
    tenant: text("exact"),
    project: text("exact"),
    detail: text("exact"),
    phase: text("exact"),
    path: text("a part of it"),
    forwarded_for: text("a part of it"),
    remote_addr: text("a part of it"),
    body: text("words that are all in it"),
    error: text("words that are all in it"),
    status_code: Type.Optional(Type.Integer({ format: "int32" })),
    machineid: text("exact; ours"),
  },
  { $id: "v1.AuditFindRequest" },
);
export type AuditFindRequest = Static<typeof AuditFindRequest>;

export const AuditResponse = Type.Object(
  {
    component: text("which service wrote it"),
    rqid: text("the id of the request, the same in all its entries"),
    type: text("http, grpc or event"),
    timestamp: Type.Optional(Time("when")),
    user: text("e-mail"),
    tenant: text("of the user"),
    detail: text("HTTP method"),
    phase: text("request, response or single"),
    path: text("of the request"),
    forwarded_for: text("X-Forwarded-For of the request"),
    remote_addr: text("who connected"),
    body: text("JSON, secrets redacted"),
    status_code: Type.Optional(Type.Integer({ format: "int32" })),
    error: text("why it was refused"),
    machineid: text("which machine it is about, if one; ours"),
  },
  { $id: "v1.AuditResponse" },
);
export type AuditResponse = Static<typeof AuditResponse>;
