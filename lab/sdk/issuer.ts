// A real OpenID Connect provider with two clients: a page, which has no secret and asks from another origin, and a program.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFileSync } from "node:fs";
import { Provider } from "oidc-provider";

const SCOPE = "openid offline_access profile";
const HOUR_SECONDS = 3600;

/** As which the page is known. */
export const PAGE = "a-page";
/** As which the program is known, and what it may ask a token for. */
const PROGRAM = { client_id: "nightly", client_secret: "of the nightly job" };
const RESOURCE = "https://api.example.org/metal";
/** Of everybody there is. */
const GROUP = "operators";

export interface Issuer {
  readonly issuer: string;
  /** Writes what makes metal-api accept its tokens (METAL_API_OIDC_ISSUERS_FILE): everybody may edit. */
  accept(file: string): void;
  /** The page's refresh token that logging in would have given. */
  loggedIn(): Promise<string>;
  close(): Promise<void>;
}

export async function startIssuer(): Promise<Issuer> {
  let callback: ReturnType<Provider["callback"]> | undefined;
  const server = createServer((request, response) => void callback!(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: PAGE,
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code", "refresh_token"],
        redirect_uris: ["http://127.0.0.1/done"],
        application_type: "native",
      },
      { ...PROGRAM, grant_types: ["client_credentials"], redirect_uris: [], response_types: [] },
    ],
    clientBasedCORS: () => true,
    claims: { openid: ["sub"], profile: ["email", "groups"] },
    conformIdTokenClaims: false,
    findAccount: (_, accountId) => ({
      accountId,
      claims: () => ({ sub: accountId, email: `${accountId}@example.org`, groups: [GROUP] }),
    }),
    extraTokenClaims: () => ({ groups: [GROUP] }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, audience) => ({ scope: "", audience, accessTokenFormat: "jwt" }),
      },
    },
    rotateRefreshToken: true,
    ttl: {
      Grant: HOUR_SECONDS,
      RefreshToken: HOUR_SECONDS,
      AccessToken: HOUR_SECONDS,
      IdToken: HOUR_SECONDS,
      ClientCredentials: HOUR_SECONDS,
    },
  });
  callback = provider.callback();
  return {
    issuer,
    accept: (file) => {
      const accepted = [PAGE, RESOURCE].map((clientId) => ({ issuer, clientId, roles: { [GROUP]: "edit" } }));
      writeFileSync(file, JSON.stringify(accepted));
    },
    loggedIn: async () => {
      const grant = new provider.Grant({ accountId: "ann", clientId: PAGE });
      grant.addOIDCScope(SCOPE);
      const client = (await provider.Client.find(PAGE))!;
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
