// What a directory calls a group, in the words of rest/rules-roles.ts (reference/api-resources.md 4.2). Pure.
// ldap: <tenant>_<app>-<scope>-<scope>-<role>; ad: <tenant, 4 characters>_<x>_App<app>-<scope>-<scope>-<role>_<x>

/** plain is ours: groups are taken as they are. */
export type Directory = "ldap" | "ad" | "plain";

/** Undefined for a directory we do not know: the original refuses its tokens. */
export function directoryOf(name: string): Directory | undefined {
  const known = name.toLowerCase();
  return known === "ldap" || known === "ad" || known === "plain" ? known : undefined;
}

const PARTS_OF_A_GROUP = 4;
/** Of which the first two are the tenant: all of its name, or any tenant that begins alike would do. */
const AD_PREFIX_LENGTH = 4;
const AD_TENANT_LENGTH = 2;
const AD_APP = /^app/;
/** A scope that says for whom its holder acts; of value only in the provider's own tenant. */
const ON_BEHALF = "#";

/** The groups that count, normalised; what does not parse or belongs to another tenant is dropped. */
export function groupsIn(
  directory: Directory,
  groups: readonly string[],
  tenant: string,
  providerTenant: string,
): readonly string[] {
  if (directory === "plain") return groups;
  const read = directory === "ldap" ? ldapGroup : adGroup;
  const ofProvider = tenant.toLowerCase() === providerTenant.toLowerCase();
  return groups.flatMap((group) => {
    const found = read(group.toLowerCase(), tenant.toLowerCase());
    if (found === undefined || found.split("-").length !== PARTS_OF_A_GROUP) return [];
    if (found.includes(ON_BEHALF) && !ofProvider) return [];
    return [found];
  });
}

function ldapGroup(group: string, tenant: string): string | undefined {
  return group.startsWith(`${tenant}_`) ? group.slice(tenant.length + 1) : undefined;
}

function adGroup(group: string, tenant: string): string | undefined {
  const [prefix, , name, last, ...more] = group.split("_");
  if (prefix?.length !== AD_PREFIX_LENGTH || last === undefined || more.length > 0) return undefined;
  if (name === undefined || !AD_APP.test(name) || prefix.slice(0, AD_TENANT_LENGTH) !== tenant) return undefined;
  return name.replace(AD_APP, "");
}
