// Where masterdata-api answers another way than the original on purpose: step of the probe → our code, or our answer.
// docs/compatibility.md says why.

const TIME = "<time>";
const meta = (id: string, kind: string, more: object = {}) => ({
  apiversion: "v1",
  created_time: TIME,
  id,
  kind,
  ...more,
});

/** The original answers UNKNOWN, or panics. */
const TYPED_ERRORS = {
  "create a tenant of a wrong kind": "InvalidArgument",
  "create a tenant of a wrong version of the API": "InvalidArgument",
  "update a tenant that is not": "NotFound",
  "update a tenant without meta": "InvalidArgument",
  "create no project": "InvalidArgument",
  "update it as a tenant": "InvalidArgument",
  "update a project without meta": "InvalidArgument",
  "a project at no time": "InvalidArgument",
  "find projects 30 a page beyond all numbers": "InvalidArgument",
  "a NUL in a query": "InvalidArgument",
  "a NUL in an id": "InvalidArgument",
  "a NUL in an annotation": "InvalidArgument",
};

/** The original stores them, or fails in the middle. */
const LIMITS = {
  "1 MB of annotations": "InvalidArgument",
  "an id of 4000 bytes": "InvalidArgument",
};

/** The original runs what stands in a key: it answers everything, or a syntax error. */
const NO_INJECTION = {
  "a key that is SQL finds nothing": {},
  "a key with a quote finds nothing": {},
  "a key with a question mark finds nothing": {},
  "a label that is SQL finds nothing": {},
  "find project members with SQL in the key": {},
  "find project members with SQL in the key in a namespace": {},
};

/** The original answers the id alone. */
const DELETED_WHOLE = {
  "delete the nameless": { tenant: { meta: meta("<uuid>", "Tenant"), name: "nameless" } },
  "delete a project": {
    project: {
      meta: meta("<uuid>", "Project"),
      name: "fourth",
      quotas: { ip: { max: 0 }, machine: { max: 3 } },
      tenant_id: "acme",
    },
  },
  "delete a project member": {
    project_member: {
      meta: meta("pm2", "ProjectMember", { annotations: { also: "viewer" } }),
      project_id: "p1",
      tenant_id: "guest",
    },
  },
  "delete a tenant member": {
    tenant_member: {
      member_id: "guest",
      meta: meta("tm2", "TenantMember", { annotations: { role: "owner" } }),
      tenant_id: "host",
    },
  },
  "delete a project with members": {
    project: {
      description: "number one",
      meta: meta("p1", "Project", {
        annotations: { stage: "dev", team: "red" },
        labels: ["all", "one"],
        updated_time: TIME,
        version: "42",
      }),
      name: "first",
      quotas: { ip: { max: 0 }, machine: { max: 3 } },
      tenant_id: "acme",
    },
  },
  "delete a guest of tenants": { tenant: { meta: meta("guest", "Tenant") } },
};

/** The original leaves what points at nothing. */
const NOTHING_DANGLES = {
  "also those in projects": {},
  "delete a tenant that has projects": "FailedPrecondition",
};

export const DIFFERENCES: Readonly<Record<string, unknown>> = {
  ...TYPED_ERRORS,
  ...LIMITS,
  ...NO_INJECTION,
  ...DELETED_WHOLE,
  ...NOTHING_DANGLES,
};
