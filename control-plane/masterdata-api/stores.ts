// The four kinds of entities.
import { masterdata } from "@metal-stack/protocol";
import { EntityStore } from "./entities/store.ts";

export const projects = new EntityStore("projects", masterdata.ProjectSchema, "Project");
export const tenants = new EntityStore("tenants", masterdata.TenantSchema, "Tenant");
export const projectMembers = new EntityStore("project_members", masterdata.ProjectMemberSchema, "ProjectMember");
export const tenantMembers = new EntityStore("tenant_members", masterdata.TenantMemberSchema, "TenantMember");
