// Whose tokens are accepted: dex's, those of the provider tenant's own issuer in masterdata, and those of the issuers in the
// file METAL_API_OIDC_ISSUERS_FILE, a JSON list of
//   { "issuer": "https://…", "clientId": "…", "tenant": "metal-stack", "directory": "ldap" | "ad" | "plain",
//     "roles": { "<group>": "view" | "edit" | "admin" }, "members": { "claim": "sub", "namespace": "" } }
// tenant is the provider's when absent, directory is plain, and roles, which add to the groups the API knows, are none.
// members: bearers who are no admins may do what their memberships in masterdata allow, and nothing else (docs/decisions/
// 0012-members.md). The claim (sub, email, preferred_username) is their id there; they must not be able to choose it.
import { ConfigurationError } from "@metal-stack/service";
import { Type } from "typebox";
import { Value } from "typebox/value";
import type { MetalApiEnvironment } from "../settings.ts";
import type { Directory } from "./rules-groups.ts";

type Level = "view" | "edit" | "admin";

/** By which claim bearers are members in masterdata, and in which namespace of memberships. */
export interface MemberSettings {
  readonly claim: "sub" | "email" | "preferred_username";
  readonly namespace: string;
}

/** One identity provider, as seen by one client of it. */
export interface Issuer {
  readonly issuer: string;
  /** Must be in the audience of a token. */
  readonly clientId: string;
  /** Undefined: the token's connector says, as with dex. */
  readonly tenant?: string;
  readonly directory: Directory | "connector";
  readonly roles: Readonly<Record<string, Level>>;
  /** Undefined: groups alone say what its bearers may do. */
  readonly members?: MemberSettings;
  /** Undefined: found by discovery. */
  readonly keysUrl?: string;
}

export interface TokenSettings {
  readonly issuers: readonly Issuer[];
  readonly masterdataIntervalMs: number;
}

const levels = ["view", "edit", "admin"] as const;
const Entry = Type.Object(
  {
    issuer: Type.String({ pattern: "^https?://" }),
    clientId: Type.String({ minLength: 1 }),
    tenant: Type.Optional(Type.String({ minLength: 1 })),
    directory: Type.Optional(Type.Union([Type.Literal("ldap"), Type.Literal("ad"), Type.Literal("plain")])),
    roles: Type.Optional(Type.Record(Type.String(), Type.Union(levels.map((level) => Type.Literal(level))))),
    members: Type.Optional(
      Type.Object(
        {
          claim: Type.Union([Type.Literal("sub"), Type.Literal("email"), Type.Literal("preferred_username")]),
          namespace: Type.Optional(Type.String()),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

/** Throws ConfigurationError naming the variable. */
export function tokenSettings(environment: MetalApiEnvironment, providerTenant: string): TokenSettings {
  return {
    issuers: [...dex(environment), ...listed(environment, providerTenant)],
    masterdataIntervalMs: environment.duration("ISSUERCACHE_INTERVAL", 1000),
  };
}

function dex(environment: MetalApiEnvironment): Issuer[] {
  const issuer = environment.optional("DEX_ADDR");
  if (issuer === undefined) return [];
  const keysUrl = `${issuer.replace(/\/$/, "")}/keys`;
  return [{ issuer, clientId: environment.text("DEX_CLIENTID"), directory: "connector", roles: {}, keysUrl }];
}

function listed(environment: MetalApiEnvironment, providerTenant: string): Issuer[] {
  if (environment.optional("OIDC_ISSUERS_FILE") === undefined) return [];
  let entries: unknown;
  try {
    entries = JSON.parse(environment.file("OIDC_ISSUERS_FILE"));
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    throw new ConfigurationError(`the file of METAL_API_OIDC_ISSUERS_FILE is not JSON: ${(error as Error).message}`);
  }
  const List = Type.Array(Entry);
  if (!Value.Check(List, entries)) {
    const [problem] = Value.Errors(List, entries);
    const where = problem === undefined ? "" : `: ${problem.instancePath} ${problem.message}`;
    throw new ConfigurationError(
      `METAL_API_OIDC_ISSUERS_FILE must hold a list of issuers, see tokens/settings.ts${where}`,
    );
  }
  return entries.map(({ tenant = providerTenant, directory = "plain", roles = {}, members, ...rest }) => ({
    ...rest,
    tenant,
    directory,
    roles,
    ...(members && { members: { namespace: "", ...members } }),
  }));
}
