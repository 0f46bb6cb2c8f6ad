// ProjectService (reference/platform-services.md 2.3, 2.5).
import type { ServiceImpl } from "@connectrpc/connect";
import { masterdata } from "@metal-stack/protocol";
import { sql } from "kysely";
import type { Db, Tx } from "../database/schema.ts";
import { checkId, idForUpdate, required } from "../entities/rules.ts";
import { invalid, precondition } from "../errors.ts";
import { projectMembers, projects, tenants } from "../stores.ts";

export function projectService(db: Db): ServiceImpl<typeof masterdata.ProjectService> {
  return {
    async create(request) {
      const sent = required(request.project, "project");
      const project = await db.transaction().execute(async (tx) => {
        checkId("tenant_id", sent.tenantId);
        const tenant = await tenants.get(tx, sent.tenantId, "pointed");
        const quotas = sent.quotas ?? tenant.defaultQuotas;
        // Who makes one that exists is told so, although the quota may be used up: `apply` updates it then.
        const created = await projects.create(tx, { ...sent, ...(quotas ? { quotas } : {}) });
        await checkQuota(tx, sent.tenantId, tenant.quotas?.project);
        return created;
      });
      return { project };
    },

    async update(request) {
      const sent = required(request.project, "project");
      const project = await db.transaction().execute(async (tx) => {
        const stored = await projects.get(tx, idForUpdate(projects.kind, sent.meta), "changed");
        if (stored.tenantId !== sent.tenantId)
          throw invalid(`a project stays with its tenant ${JSON.stringify(stored.tenantId)}`);
        return projects.update(tx, sent);
      });
      return { project };
    },

    async delete(request) {
      const project = await db.transaction().execute(async (tx) => {
        // Locked first, so that nobody becomes a member meanwhile.
        await projects.get(tx, request.id, "changed");
        await projectMembers.deleteWhere(tx, { project_id: request.id });
        return projects.delete(tx, request.id);
      });
      return { project };
    },

    get: async (request) => ({ project: await projects.get(db, request.id) }),

    getHistory: async (request) => ({
      project: await projects.asOf(db, request.id, required(request.at, "time")),
    }),

    async find(request) {
      const { entities, nextPage } = await projects.find(
        db,
        {
          columns: {
            id: request.id ?? request.deprecatedId,
            tenant_id: request.tenantId ?? request.deprecatedTenantId,
          },
          texts: {
            name: request.name ?? request.deprecatedName,
            description: request.description ?? request.deprecatedDescription,
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

/** Throws FAILED_PRECONDITION when the tenant has more projects than it may have. */
async function checkQuota(tx: Tx, tenantId: string, quota: masterdata.Quota | undefined): Promise<void> {
  const max = quota?.max ?? quota?.quota;
  if (max === undefined) return;
  // One after the other, so that two creations cannot both be the last one.
  await sql`select pg_advisory_xact_lock(hashtextextended(${`projects of ${tenantId}`}, 0))`.execute(tx);
  const count = await projects.count(tx, "tenant_id", tenantId);
  if (count > max) {
    throw precondition(
      `project quota reached: the tenant ${JSON.stringify(tenantId)} may have ${max} projects and has ${count - 1}`,
    );
  }
}
