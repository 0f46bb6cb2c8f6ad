// Logging in, refreshing and logging out. The token is for the API; this is the only place that speaks with the provider.
import * as oidc from "openid-client";
import { currentName, issuerOf, type GlobalFlags } from "../configuration.ts";
import { credentialsOf, storeCredentials, type Credentials } from "../kubeconfig.ts";
import { listening, openBrowser } from "./browser.ts";
import { credentialsFrom, discover, refused, scopesOf } from "./provider.ts";

/** Logs in with the browser (authorization code with PKCE). @param say tells the user where to go */
export async function logIn(flags: GlobalFlags, say: (line: string) => void): Promise<Credentials> {
  const context = issuerOf(flags);
  const provider = await discover(context);
  return listening(async ({ start, redirectUri, exchange }) => {
    const verifier = oidc.randomPKCECodeVerifier();
    const [expectedState, expectedNonce] = [oidc.randomState(), oidc.randomNonce()];
    const scope = scopesOf(context, provider.serverMetadata().scopes_supported);
    const to = oidc.buildAuthorizationUrl(provider, {
      redirect_uri: redirectUri,
      scope,
      state: expectedState,
      nonce: expectedNonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      // Refresh tokens are given with consent only (OpenID Connect Core 1.0, section 11).
      ...(scope.includes("offline_access") && { prompt: "consent" }),
    });
    say(`Opening Browser for Authentication. If this does not work, please point your browser to ${start}`);
    openBrowser(start);
    return exchange(to, async (answer) => {
      try {
        const checks = { pkceCodeVerifier: verifier, expectedState, expectedNonce, idTokenExpected: true };
        return credentialsFrom(await oidc.authorizationCodeGrant(provider, answer, checks), context);
      } catch (error) {
        throw refused(`${context.issuer_url} did not let you in`, error, "try again: metalctl login");
      }
    });
  });
}

/** A fresh token for the current context, stored. @throws Refusal when the provider gives none */
export async function refresh(flags: GlobalFlags, before: Credentials): Promise<void> {
  const context = issuerOf(flags);
  try {
    const tokens = await oidc.refreshTokenGrant(await discover(context), before.refreshToken ?? "");
    storeCredentials(currentName(flags), flags.kubeconfig, credentialsFrom(tokens, context, before));
  } catch (error) {
    throw refused("your token has ended, and there was no new one", error, "log in again: metalctl login");
  }
}

/**
 * Takes the token from this machine, and ends the session at the provider where it can do that.
 * @returns whether the provider was asked
 */
export async function logOut(flags: GlobalFlags, say: (line: string) => void): Promise<boolean> {
  const context = issuerOf(flags);
  const before = credentialsOf(currentName(flags), flags.kubeconfig);
  if (before) storeCredentials(currentName(flags), flags.kubeconfig, undefined);
  const provider = await discover(context);
  const { end_session_endpoint: end, revocation_endpoint: revocation } = provider.serverMetadata();
  // Best effort: the token is gone from here in any case.
  if (revocation && before?.refreshToken)
    await oidc.tokenRevocation(provider, before.refreshToken).catch(() => undefined);
  if (!end) return false;
  const url = oidc.buildEndSessionUrl(provider, before ? { id_token_hint: before.idToken } : {});
  say(`Opening Browser for Logout. If this does not work, please point your browser to ${url.href}`);
  openBrowser(url.href);
  return true;
}
