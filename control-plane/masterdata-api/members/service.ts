// ProjectMemberService and TenantMemberService (reference/platform-services.md 2.3, 2.5): ids and namespace never change.
import type { ServiceImpl } from "@connectrpc/connect";
import { masterdata } from "@metal-stack/protocol";
import type { Db } from "../database/schema.ts";
import { checkId, idForUpdate, required } from "../entities/rules.ts";
import { invalid } from "../errors.ts";
import { projectMembers, projects, tenantMembers, tenants } from "../stores.ts";

const IMMUTABLE = "a membership keeps its project, tenant, member and namespace; delete it and make another";

export function projectMemberService(db: Db): ServiceImpl<typeof masterdata.ProjectMemberService> {
  return {
    async create(request) {
      const sent = required(request.projectMember, "project_member");
      const projectMember = await db.transaction().execute(async (tx) => {
        checkId("project_id", sent.projectId);
        checkId("tenant_id", sent.tenantId);
        await tenants.get(tx, sent.tenantId, "pointed");
        await projects.get(tx, sent.projectId, "pointed");
        return projectMembers.create(tx, sent);
      });
      return { projectMember };
    },
    async update(request) {
      const sent = required(request.projectMember, "project_member");
      const projectMember = await db.transaction().execute(async (tx) => {
        const stored = await projectMembers.get(tx, idForUpdate(projectMembers.kind, sent.meta), "changed");
        const same =
          stored.projectId === sent.projectId &&
          stored.tenantId === sent.tenantId &&
          stored.namespace === sent.namespace;
        if (!same) throw invalid(IMMUTABLE);
        return projectMembers.update(tx, sent);
      });
      return { projectMember };
    },
    delete: async (request) => ({
      projectMember: await db.transaction().execute((tx) => projectMembers.delete(tx, request.id)),
    }),
    get: async (request) => ({ projectMember: await projectMembers.get(db, request.id) }),
    async find(request) {
      const { namespace, annotations } = request;
      const columns = { project_id: request.projectId, tenant_id: request.tenantId };
      return { projectMembers: (await projectMembers.find(db, { columns, namespace, annotations })).entities };
    },
  };
}

export function tenantMemberService(db: Db): ServiceImpl<typeof masterdata.TenantMemberService> {
  return {
    async create(request) {
      const sent = required(request.tenantMember, "tenant_member");
      const tenantMember = await db.transaction().execute(async (tx) => {
        checkId("tenant_id", sent.tenantId);
        checkId("member_id", sent.memberId);
        await tenants.get(tx, sent.tenantId, "pointed");
        await tenants.get(tx, sent.memberId, "pointed");
        return tenantMembers.create(tx, sent);
      });
      return { tenantMember };
    },
    async update(request) {
      const sent = required(request.tenantMember, "tenant_member");
      const tenantMember = await db.transaction().execute(async (tx) => {
        const stored = await tenantMembers.get(tx, idForUpdate(tenantMembers.kind, sent.meta), "changed");
        const same =
          stored.tenantId === sent.tenantId && stored.memberId === sent.memberId && stored.namespace === sent.namespace;
        if (!same) throw invalid(IMMUTABLE);
        return tenantMembers.update(tx, sent);
      });
      return { tenantMember };
    },
    delete: async (request) => ({
      tenantMember: await db.transaction().execute((tx) => tenantMembers.delete(tx, request.id)),
    }),
    get: async (request) => ({ tenantMember: await tenantMembers.get(db, request.id) }),
    async find(request) {
      const { namespace, annotations } = request;
      const columns = { tenant_id: request.tenantId, member_id: request.memberId };
      return { tenantMembers: (await tenantMembers.find(db, { columns, namespace, annotations })).entities };
    },
  };
}
