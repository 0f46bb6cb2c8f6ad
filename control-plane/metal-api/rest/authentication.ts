import type { FastifyRequest } from "fastify";
import type { Config, HmacRole } from "../config.ts";
import { forbidden } from "../errors.ts";
import type { User } from "./app.ts";
import { schemeOf, signatureRefusal } from "./rules-hmac.ts";
import type { Tokens } from "../tokens/tokens.ts";
import { groupsOf } from "./rules-roles.ts";

export const GUEST: User = { email: "anonymous@metal-stack.io", name: "anonymous", groups: [], tenant: "" };

const SCHEMES: Readonly<Record<string, HmacRole>> = {
  "Metal-View": "view",
  "Metal-Edit": "edit",
  "Metal-Admin": "admin",
};

/**
 * Who sent this request. Without credentials, or with a scheme that is not ours, the guest.
 * @throws 403 for wrong credentials: this API knows no 401 (reference/api-resources.md trap 8)
 */
export async function authenticate(request: FastifyRequest, config: Config, tokens: Tokens, now: Date): Promise<User> {
  const { authorization } = request.headers;
  const scheme = schemeOf(authorization);
  if (scheme?.toLowerCase() === "bearer") return tokens.userOf(authorization!.slice(scheme.length + 1), now);
  const role = scheme === undefined || !Object.hasOwn(SCHEMES, scheme) ? undefined : SCHEMES[scheme];
  if (role === undefined) return GUEST;
  const { key, lifetimeMs } = config.hmac[role];
  const headers = {
    authorization,
    date: headerText(request.headers["x-date"]),
    salt: headerText(request.headers["x-data-salt"]),
  };
  const refused = signatureRefusal(headers, request.method, key.reveal(), lifetimeMs, now);
  if (refused !== undefined) throw forbidden(refused);
  return {
    email: `metal-${role}@metal-stack.io`,
    name: scheme!,
    groups: groupsOf(role),
    tenant: config.providerTenant,
  };
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(",") : value;
}
