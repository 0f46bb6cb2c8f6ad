// Logins that end and are renewed, at a real OpenID Connect provider.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Asked, loopback, type Loopback } from "../testing/loopback.ts";
import { createClient, LoginError, type OidcTokenSet } from "./index.ts";

const CLIENT = { client_id: "cli", client_secret: "of-the-test" };
/** Says its secret in the header, and has one that must be encoded there. */
const PROGRAM = { client_id: "nightly", client_secret: "50 % of: a+secret" };
const SCOPE = "openid offline_access";
let server: Server;
let provider: Provider;
let api: Loopback;

beforeAll(async () => {
  let callback: ReturnType<Provider["callback"]> | undefined;
  server = createServer((request, response) => void callback!(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  provider = new Provider(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    clients: [
      {
        ...CLIENT,
        token_endpoint_auth_method: "client_secret_post",
        grant_types: ["authorization_code", "refresh_token"],
        redirect_uris: ["http://127.0.0.1/done"],
      },
      { ...PROGRAM, grant_types: ["client_credentials"], redirect_uris: [], response_types: [] },
    ],
    scopes: ["openid", "offline_access"],
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, audience) => ({ scope: "", audience, accessTokenFormat: "jwt" }),
      },
    },
    rotateRefreshToken: true,
    ttl: { Grant: 3600, RefreshToken: 3600, AccessToken: 3600, IdToken: 3600, ClientCredentials: 3600 },
  });
  callback = provider.callback();
  api = await loopback(() => ({ body: { EMail: "ann" } }));
});
afterAll(async () => {
  await api.close();
  await new Promise((resolve) => server.close(resolve));
});

/** What logging in would have given. */
async function loggedIn(): Promise<string> {
  const grant = new provider.Grant({ accountId: "ann", clientId: CLIENT.client_id });
  grant.addOIDCScope(SCOPE);
  const client = (await provider.Client.find(CLIENT.client_id))!;
  const token = new provider.RefreshToken({
    accountId: "ann",
    client,
    grantId: await grant.save(),
    scope: SCOPE,
    gty: "authorization_code",
    expiresWithSession: false,
  });
  return token.save();
}

function client(refreshToken: string, kept: OidcTokenSet[] = [], issuer = provider.issuer) {
  const { client_id: clientId, client_secret: clientSecret } = CLIENT;
  const onRenewed = (tokens: OidcTokenSet) => void kept.push(tokens);
  return createClient({ url: api.url, oidc: { issuer, clientId, clientSecret, refreshToken, onRenewed } });
}

const bearer = ({ headers }: Asked) => headers.authorization!.replace("Bearer ", "");
const subject = (token: string) =>
  (JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as { sub: string }).sub;

describe("a login", () => {
  it("gives a token for all calls until it ends, also for those at once", async () => {
    const kept: OidcTokenSet[] = [];
    const { user } = client(await loggedIn(), kept);
    const before = api.asked.length;
    await Promise.all([user.getMe(), user.getMe(), user.getMe()]);
    await user.getMe();
    const tokens = api.asked.slice(before).map(bearer);
    expect(new Set(tokens)).toEqual(new Set([kept[0]!.token]));
    expect(kept).toHaveLength(1);
    expect(subject(tokens[0]!)).toBe("ann");
  });

  it("is renewed by what the last renewal gave", async () => {
    const kept: OidcTokenSet[] = [];
    const first = await loggedIn();
    await client(first, kept).user.getMe();
    await client(kept[0]!.refreshToken, kept).user.getMe();
    expect(kept).toHaveLength(2);
    expect(kept[0]!.refreshToken).not.toBe(first);
  });

  it("uses the token it begins with while that is valid", async () => {
    const ending = (seconds: number) => {
      const claims = JSON.stringify({ exp: Date.now() / 1000 + seconds });
      return `e.${Buffer.from(claims).toString("base64url")}.s`;
    };
    const oidc = { issuer: "http://127.0.0.1:1", clientId: "cli", refreshToken: "r" };
    const token = ending(3600);
    await createClient({ url: api.url, oidc: { ...oidc, token } }).user.getMe();
    expect(bearer(api.asked.at(-1)!)).toBe(token);
    const ended = createClient({ url: api.url, oidc: { ...oidc, token: ending(5) } });
    await expect(ended.user.getMe()).rejects.toThrow(
      "cannot reach http://127.0.0.1:1/.well-known/openid-configuration",
    );
  });

  it("that cannot be renewed says so", async () => {
    const renewing = client("of nobody").user.getMe();
    await expect(renewing).rejects.toThrow(LoginError);
    await expect(renewing).rejects.toThrow(
      `${provider.issuer} does not renew the login (invalid_grant: grant request is invalid): log in again`,
    );
    const elsewhere = client("r", [], `${provider.issuer}/elsewhere`).user.getMe();
    await expect(elsewhere).rejects.toThrow(/is no configuration of .*\/elsewhere \(status 404\)/);
  });

  it("does not hold back a call that is ended", async () => {
    const silent = await loopback(() => ({ silent: true }));
    const { user } = client("r", [], silent.url);
    await expect(user.getMe({ timeout: 30, retries: 0 })).rejects.toThrow("no answer within 30 ms");
    await expect(user.getMe({ signal: AbortSignal.abort(new Error("left")) })).rejects.toThrow("left");
    await silent.close();
  });
});

describe("a program that speaks for itself", () => {
  const { client_id: clientId, client_secret: clientSecret } = PROGRAM;
  const resource = "https://api.example.org/";

  it("gets a token for what it names, and keeps it until it ends", async () => {
    const oidc = { issuer: provider.issuer, clientId, clientSecret, parameters: { resource } };
    const { user } = createClient({ url: api.url, oidc });
    const before = api.asked.length;
    await Promise.all([user.getMe(), user.getMe()]);
    const [token, same] = api.asked.slice(before).map(bearer);
    expect(same).toBe(token);
    expect(JSON.parse(Buffer.from(token!.split(".")[1]!, "base64url").toString())).toMatchObject({
      aud: resource,
      client_id: clientId,
    });
  });

  it("is told when the issuer does not know it", async () => {
    const oidc = { issuer: provider.issuer, clientId, clientSecret: "of another" };
    const asking = createClient({ url: api.url, oidc }).user.getMe();
    await expect(asking).rejects.toThrow(LoginError);
    await expect(asking).rejects.toThrow(/gives nightly no token \(invalid_client/);
  });
});
