// TenantService: tenants, and who takes part in what (reference/platform-services.md 2.3, 2.5).
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { masterdata } from "@metal-stack/protocol";
import type { Db } from "../database/schema.ts";
import { precondition } from "../errors.ts";
import { required } from "../projects/service.ts";
import { projectMembers, projects, tenantMembers, tenants } from "../stores.ts";
import { participants, participatedProjects, participatedTenants } from "./participation.ts";

export function tenantService(db: Db): ServiceImpl<typeof masterdata.TenantService> {
  return {
    create: async (request) => ({
      tenant: await db.transaction().execute((tx) => tenants.create(tx, required(request.tenant, "tenant"))),
    }),
    update: async (request) => ({
      tenant: await db.transaction().execute((tx) => tenants.update(tx, required(request.tenant, "tenant"))),
    }),

    async delete(request) {
      const tenant = await db.transaction().execute(async (tx) => {
        await tenants.get(tx, request.id, { lock: true });
        const owned = await projects.find(tx, { fields: { tenant_id: request.id } });
        if (owned.entities.length > 0) {
          const names = owned.entities.slice(0, 5).map((project) => project.meta!.id);
          throw precondition(
            `the tenant ${JSON.stringify(request.id)} still has ${owned.entities.length} projects: ${names.join(", ")}`,
          );
        }
        for (const fields of [{ tenant_id: request.id }, { member_id: request.id }]) {
          for (const member of (await tenantMembers.find(tx, { fields })).entities)
            await tenantMembers.delete(tx, member.meta!.id);
        }
        const memberships = await projectMembers.find(tx, { fields: { tenant_id: request.id } });
        for (const member of memberships.entities) await projectMembers.delete(tx, member.meta!.id);
        return tenants.delete(tx, request.id);
      });
      return { tenant };
    },

    get: async (request) => ({ tenant: await tenants.get(db, request.id) }),
    getHistory: async (request) => ({
      tenant: await tenants.asOf(db, request.id, timestampDate(required(request.at, "time"))),
    }),

    async find(request) {
      const { entities, nextPage } = await tenants.find(
        db,
        {
          id: request.id ?? request.deprecatedId,
          fields: { name: request.name ?? request.deprecatedName },
          labels: request.labels,
          annotations: request.annotations,
        },
        request.paging,
      );
      return { tenants: entities, ...(nextPage === undefined ? {} : { nextPage }) };
    },

    listTenantMembers: async (request) => ({ tenants: await participants(db, request) }),
    findParticipatingProjects: async (request) => ({ projects: await participatedProjects(db, request) }),
    findParticipatingTenants: async (request) => ({ tenants: await participatedTenants(db, request) }),
  };
}
