// ProjectService (reference/platform-services.md 2.3, 2.5).
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { masterdata } from "@metal-stack/protocol";
import type { Db } from "../database/schema.ts";
import { invalid, precondition } from "../errors.ts";
import { projectMembers, projects, tenants } from "../stores.ts";

/** The services' common need: a request must carry its entity. */
export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw invalid(`the request has no ${what}`);
  return value;
}

export function projectService(db: Db): ServiceImpl<typeof masterdata.ProjectService> {
  return {
    async create(request) {
      const sent = required(request.project, "project");
      const project = await db.transaction().execute(async (tx) => {
        // Locked, so that two creations cannot both be the last one that the quota allows.
        const tenant = await tenants.get(tx, sent.tenantId, { lock: true });
        const max = tenant.quotas?.project?.max;
        if (max !== undefined && (await projects.count(tx, { tenant_id: sent.tenantId })) >= max) {
          throw precondition(
            `quota reached: the tenant ${JSON.stringify(sent.tenantId)} may have ${max} projects and has them`,
          );
        }
        const quotas = sent.quotas ?? tenant.defaultQuotas;
        return projects.create(tx, { ...sent, ...(quotas ? { quotas } : {}) });
      });
      return { project };
    },

    async update(request) {
      const sent = required(request.project, "project");
      const project = await db.transaction().execute(async (tx) => {
        const stored = await projects.get(tx, sent.meta?.id ?? "", { lock: true });
        if (stored.tenantId !== sent.tenantId)
          throw invalid(`a project stays with its tenant ${JSON.stringify(stored.tenantId)}`);
        return projects.update(tx, sent);
      });
      return { project };
    },

    async delete(request) {
      const project = await db.transaction().execute(async (tx) => {
        const { entities } = await projectMembers.find(tx, { fields: { project_id: request.id } });
        for (const member of entities) await projectMembers.delete(tx, member.meta!.id);
        return projects.delete(tx, request.id);
      });
      return { project };
    },

    get: async (request) => ({ project: await projects.get(db, request.id) }),

    getHistory: async (request) => ({
      project: await projects.asOf(db, request.id, timestampDate(required(request.at, "time"))),
    }),

    async find(request) {
      const { entities, nextPage } = await projects.find(
        db,
        {
          id: request.id ?? request.deprecatedId,
          fields: {
            name: request.name ?? request.deprecatedName,
            description: request.description ?? request.deprecatedDescription,
            tenant_id: request.tenantId ?? request.deprecatedTenantId,
          },
          labels: request.labels,
          annotations: request.annotations,
        },
        request.paging,
      );
      return { projects: entities, ...(nextPage === undefined ? {} : { nextPage }) };
    },
  };
}
