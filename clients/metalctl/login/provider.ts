// The OIDC provider of a context, and how we speak with it (OpenID Connect Core 1.0, RFC 7636 for PKCE).
import * as oidc from "openid-client";
import type { Context } from "../configuration.ts";
import { Refusal } from "../errors.ts";
import type { Credentials } from "../kubeconfig.ts";
import { trustSystem } from "../trust.ts";

/** The scopes of the original: dex's, those of `issuer_type: generic`, else `custom_scopes`. */
const DEX_SCOPES = ["groups", "openid", "profile", "email", "federated:id"];
const GENERIC_SCOPES = ["openid", "profile", "email"];
/** OpenID Connect Core 1.0, section 11. */
const OFFLINE = "offline_access";
const PROVIDER_TIMEOUT_SECONDS = 15;

/** What the provider is told that we want to know; a refresh token too, where it says that it gives them. */
export function scopesOf({ issuer_type, custom_scopes }: Context, supported: readonly string[] | undefined): string {
  const custom = (custom_scopes ?? "")
    .split(",")
    .map((scope) => scope.trim())
    .filter(Boolean);
  const scopes = issuer_type === "generic" ? GENERIC_SCOPES : custom.length > 0 ? custom : DEX_SCOPES;
  return [...new Set([...scopes, ...(supported?.includes(OFFLINE) ? [OFFLINE] : [])])].join(" ");
}

/** @throws Refusal when the context names no provider, or the provider does not answer as one */
export async function discover(context: Context): Promise<oidc.Configuration> {
  const { issuer_url: issuer, client_id: clientId, client_secret: secret } = context;
  if (!issuer || !clientId)
    throw new Refusal("the current context says nobody to log in at", {
      next: "give it issuer_url, client_id and client_secret; see: metalctl context --help",
    });
  const address = URL.parse(issuer);
  if (!address) throw new Refusal(`the issuer_url "${issuer}" of the current context is no URL`);
  if (address.protocol === "https:") await trustSystem();
  const ask = (authentication: oidc.ClientAuth) =>
    oidc.discovery(address, clientId, undefined, authentication, {
      timeout: PROVIDER_TIMEOUT_SECONDS,
      // The context says http: its writer knows.
      execute: address.protocol === "http:" ? [oidc.allowInsecureRequests] : [],
    });
  try {
    const found = await ask(secret ? oidc.ClientSecretBasic(secret) : oidc.None());
    const methods = found.serverMetadata().token_endpoint_auth_methods_supported;
    const postOnly = methods?.includes("client_secret_post") && !methods.includes("client_secret_basic");
    return secret && postOnly ? await ask(oidc.ClientSecretPost(secret)) : found;
  } catch (error) {
    throw refused(`cannot reach the log-in at ${issuer}`, error, "check issuer_url of the context and your network");
  }
}

/** An error of the provider or of the way to it, in words. */
export function refused(what: string, error: unknown, next: string): Refusal {
  const reasons: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { error: code, error_description: description } = at as { error?: unknown; error_description?: unknown };
    reasons.push([code, description].filter((part) => typeof part === "string").join(": ") || at.message);
  }
  return new Refusal(what, { details: [...new Set(reasons)].join("\n"), next, cause: error });
}

type Tokens = oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers;

/** What a log-in or a refresh brought, to be stored; a provider that says nothing new keeps the old refresh token. */
export function credentialsFrom(tokens: Tokens, context: Context, before?: Credentials): Credentials {
  const claims = tokens.claims();
  if (!tokens.id_token || !claims) throw new Refusal("the provider sent no id token", { next: "metalctl login" });
  const name = [claims["preferred_username"], claims["name"], claims["email"], claims.sub].find(
    (claim): claim is string => typeof claim === "string" && claim !== "",
  );
  return {
    user: before?.user ?? name ?? "metalctl",
    idToken: tokens.id_token,
    refreshToken: tokens.refresh_token ?? before?.refreshToken,
    clientId: context.client_id,
    clientSecret: context.client_secret,
    issuer: claims.iss,
  };
}
