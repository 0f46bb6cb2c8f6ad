// Who may do what: three levels, each reached by groups (reference/api-resources.md 4.3).

/**
 * What a route asks of its caller. public: nothing; tenant: to belong to the provider's tenant;
 * view, edit, admin: in addition one of that level's groups.
 */
export type Role = "public" | "tenant" | "view" | "edit" | "admin";
type Level = "view" | "edit" | "admin";

const GROUPS: Readonly<Record<Level, readonly string[]>> = {
  view: ["k8s_kaas-view", "maas-all-all-view"],
  edit: ["k8s_kaas-edit", "maas-all-all-edit"],
  admin: ["k8s_kaas-admin", "maas-all-all-admin"],
};
const LEVELS: readonly Level[] = ["view", "edit", "admin"];

/** The groups a caller with the key of that level belongs to. */
export function groupsOf(level: Level): readonly string[] {
  return GROUPS[level];
}

/** Why this caller must not call such a route; undefined when it may. A higher level includes the lower ones. */
export function refusal(
  role: Role,
  user: { groups: readonly string[]; tenant: string },
  providerTenant: string,
): string | undefined {
  if (role === "public") return undefined;
  if (user.tenant.toLowerCase() !== providerTenant.toLowerCase() || user.tenant === "") {
    return `tenant ${user.tenant} not allowed`;
  }
  if (role === "tenant") return undefined;
  const accepted = LEVELS.slice(LEVELS.indexOf(role)).flatMap((level) => GROUPS[level]);
  if (accepted.some((group) => user.groups.includes(group))) return undefined;
  return `you are not member in one of [${accepted.join(" ")}]`;
}
