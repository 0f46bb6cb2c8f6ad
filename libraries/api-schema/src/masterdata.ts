// Projects and tenants, as masterdata keeps them. Every field is left out when it is empty.
import { type Static, Type } from "typebox";
import { Time } from "./base.ts";

const MAX_UINT32 = 0xffff_ffff;
const text = (description: string) => Type.Optional(Type.String({ description }));
const count = (description: string, format = "int32") => Type.Optional(Type.Integer({ format, description }));

export const Meta = Type.Object(
  {
    id: text("the unique ID of this entity"),
    kind: text("the kind of this entity"),
    apiversion: text("the api version of this entity"),
    version: count("the version of this entity: an update with an older one is refused", "int64"),
    created_time: Type.Optional(Time("the creation time of this entity")),
    updated_time: Type.Optional(Time("the last update time of this entity")),
    annotations: Type.Optional(Type.Record(Type.String(), Type.String())),
    labels: Type.Optional(Type.Array(Type.String())),
  },
  { $id: "v1.Meta" },
);
export type Meta = Static<typeof Meta>;

export const Quota = Type.Object(
  { quota: count("the maximum; absent: unlimited"), used: count("the actual usage") },
  { $id: "v1.Quota" },
);
export type Quota = Static<typeof Quota>;

export const QuotaSet = Type.Object(
  {
    cluster: Type.Optional(Quota),
    machine: Type.Optional(Quota),
    ip: Type.Optional(Quota),
    project: Type.Optional(Quota),
  },
  { $id: "v1.QuotaSet" },
);
export type QuotaSet = Static<typeof QuotaSet>;

const project = {
  meta: Type.Optional(Meta),
  name: text("a readable name"),
  description: text("a description"),
  tenant_id: text("the tenant of this project"),
  quotas: Type.Optional(QuotaSet),
};
export const ProjectCreateRequest = Type.Object(project, { $id: "v1.ProjectCreateRequest" });
export const ProjectUpdateRequest = Type.Object(project, { $id: "v1.ProjectUpdateRequest" });
export const ProjectResponse = Type.Object(project, { $id: "v1.ProjectResponse" });
export type ProjectResponse = Static<typeof ProjectResponse>;

export const ProjectFindRequest = Type.Object(
  { id: text("id"), name: text("name"), description: text("description"), tenant_id: text("tenant id") },
  { $id: "v1.ProjectFindRequest" },
);

export const IssuerConfig = Type.Object({ url: text("url"), client_id: text("client id") }, { $id: "v1.IssuerConfig" });
export const IDMConfig = Type.Object({ idm_type: text("directory type: AD or LDAP") }, { $id: "v1.IDMConfig" });
export const IAMConfig = Type.Object(
  { issuer_config: Type.Optional(IssuerConfig), idm_config: Type.Optional(IDMConfig) },
  { $id: "v1.IAMConfig" },
);

const tenant = {
  meta: Type.Optional(Meta),
  name: text("a readable name"),
  description: text("a description"),
  default_quotas: Type.Optional(QuotaSet),
  quotas: Type.Optional(QuotaSet),
  iam_config: Type.Optional(IAMConfig),
};
export const TenantCreateRequest = Type.Object(tenant, { $id: "v1.TenantCreateRequest" });
export const TenantUpdateRequest = Type.Object(tenant, { $id: "v1.TenantUpdateRequest" });
export const TenantResponse = Type.Object(tenant, { $id: "v1.TenantResponse" });
export type TenantResponse = Static<typeof TenantResponse>;

export const Paging = Type.Object(
  {
    page: Type.Optional(Type.Integer({ format: "int64", minimum: 0, maximum: MAX_UINT32, description: "zero-based" })),
    count: Type.Optional(
      Type.Integer({ format: "int64", minimum: 0, maximum: MAX_UINT32, description: "tenants a page" }),
    ),
  },
  { $id: "v1.Paging" },
);
export const TenantFindRequest = Type.Object(
  {
    id: text("id"),
    name: text("name"),
    annotations: Type.Optional(Type.Record(Type.String(), Type.String())),
    paging: Type.Optional(Paging),
  },
  { $id: "v1.TenantFindRequest" },
);
