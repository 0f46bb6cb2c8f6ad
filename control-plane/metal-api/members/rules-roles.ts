// What a membership allows. masterdata knows no roles; api.v2 keeps them as annotations of memberships
// (reference/platform-services.md 2.5), and so do we. Pure.

/** Of a project, what may be done with what belongs to it. An owner also manages members, which v1 cannot. */
export type MemberRole = "owner" | "editor" | "viewer";

/** A way into a project: of the project itself, of the tenant that owns it, or both. */
export interface Membership {
  readonly projectId: string;
  readonly projectAnnotations: Readonly<Record<string, string>>;
  readonly tenantAnnotations: Readonly<Record<string, string>>;
}

const PROJECT_ROLE = "metal-stack.io/project-role";
const TENANT_ROLE = "metal-stack.io/tenant-role";

/** Weakest first. */
const ROLES: readonly MemberRole[] = ["viewer", "editor", "owner"];

/** The strongest role of each project; a membership without a role, or as guest of a tenant, is none. */
export function rolesOf(memberships: readonly Membership[]): ReadonlyMap<string, MemberRole> {
  const roles = new Map<string, MemberRole>();
  for (const { projectId, projectAnnotations, tenantAnnotations } of memberships)
    for (const role of ROLES)
      if (
        projectAnnotations[PROJECT_ROLE] === `PROJECT_ROLE_${role.toUpperCase()}` ||
        tenantAnnotations[TENANT_ROLE] === `TENANT_ROLE_${role.toUpperCase()}`
      )
        roles.set(projectId, role);
  return roles;
}

export const mayChange = (role: MemberRole): boolean => role !== "viewer";
