// A real OpenID Connect provider with one client, a page: it has no secret, and asks from another origin.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";

const SCOPE = "openid offline_access profile";
const HOUR_SECONDS = 3600;

export interface Issuer {
  readonly issuer: string;
  readonly clientId: string;
  /** The refresh token that logging in would have given. */
  loggedIn(): Promise<string>;
  close(): Promise<void>;
}

/** @param group of everybody there is */
export async function startIssuer(clientId: string, group: string): Promise<Issuer> {
  let callback: ReturnType<Provider["callback"]> | undefined;
  const server = createServer((request, response) => void callback!(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code", "refresh_token"],
        redirect_uris: ["http://127.0.0.1/done"],
        application_type: "native",
      },
    ],
    clientBasedCORS: () => true,
    claims: { openid: ["sub"], profile: ["email", "groups"] },
    conformIdTokenClaims: false,
    findAccount: (_, accountId) => ({
      accountId,
      claims: () => ({ sub: accountId, email: `${accountId}@example.org`, groups: [group] }),
    }),
    features: { devInteractions: { enabled: false } },
    rotateRefreshToken: true,
    ttl: { Grant: HOUR_SECONDS, RefreshToken: HOUR_SECONDS, AccessToken: HOUR_SECONDS, IdToken: HOUR_SECONDS },
  });
  callback = provider.callback();
  return {
    issuer,
    clientId,
    loggedIn: async () => {
      const grant = new provider.Grant({ accountId: "ann", clientId });
      grant.addOIDCScope(SCOPE);
      const client = (await provider.Client.find(clientId))!;
      const grantId = await grant.save();
      const about = { accountId: "ann", client, grantId, scope: SCOPE, gty: "authorization_code" };
      return new provider.RefreshToken({ ...about, expiresWithSession: false }).save();
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
