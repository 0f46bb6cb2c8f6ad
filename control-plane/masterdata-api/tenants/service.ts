// TenantService: tenants, and who takes part in what (reference/platform-services.md 2.3, 2.5).
import type { ServiceImpl } from "@connectrpc/connect";
import { masterdata } from "@metal-stack/protocol";
import type { Db } from "../database/schema.ts";
import { required } from "../entities/rules.ts";
import { precondition } from "../errors.ts";
import { projectMembers, projects, tenantMembers, tenants } from "../stores.ts";
import { participants, participatedProjects, participatedTenants } from "./participation.ts";

/** So many projects are named that keep a tenant from being deleted. */
const SHOWN = 5n;

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
        // Locked first, so that it gets no project and no member meanwhile.
        await tenants.get(tx, request.id, "changed");
        const { entities } = await projects.find(tx, { columns: { tenant_id: request.id } }, { count: SHOWN });
        if (entities.length > 0) {
          const count = await projects.count(tx, "tenant_id", request.id);
          const names = entities.map(({ meta, name }) => (name ? `${meta!.id} (${name})` : meta!.id)).join(", ");
          throw precondition(
            `the tenant ${JSON.stringify(request.id)} still has ${count} projects: ${names}${count > SHOWN ? ", …" : ""}`,
          );
        }
        await tenantMembers.deleteWhere(tx, { tenant_id: request.id, member_id: request.id });
        await projectMembers.deleteWhere(tx, { tenant_id: request.id });
        return tenants.delete(tx, request.id);
      });
      return { tenant };
    },

    get: async (request) => ({ tenant: await tenants.get(db, request.id) }),
    getHistory: async (request) => ({
      tenant: await tenants.asOf(db, request.id, required(request.at, "time")),
    }),

    async find(request) {
      const { entities, nextPage } = await tenants.find(
        db,
        {
          columns: { id: request.id ?? request.deprecatedId },
          texts: { name: request.name ?? request.deprecatedName },
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
