import { createServer } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRouterTransport } from "@connectrpc/connect";
import { masterdata } from "@metal-stack/protocol";
import { ConfigurationError, Environment } from "@metal-stack/service";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMasterdata } from "../masterdata.ts";
import type { RouteModule } from "../rest/app.ts";
import { type IdentityProvider, startIdentityProvider } from "../testing/identity.ts";
import { createWorld, type World } from "../testing/world.ts";
import { userRoutes } from "../users/routes.ts";
import { SETTINGS } from "../settings.ts";
import { groupsIn } from "./rules-groups.ts";
import { tokenSettings } from "./settings.ts";

const GENEROUS_MS = 60_000;
const HOUR_MS = 3_600_000;

const levels: RouteModule = (app) => {
  for (const role of ["view", "edit", "admin"] as const) app.get(`/v1/${role}`, { config: { role } }, async () => ({}));
};

describe("groups of a directory", () => {
  it.each<[Parameters<typeof groupsIn>[0], string[], string[]]>([
    [
      "ldap",
      ["metal-stack_maas-all-all-admin", "Metal-Stack_Maas-All-All-View"],
      ["maas-all-all-admin", "maas-all-all-view"],
    ],
    ["ldap", ["other_maas-all-all-admin", "metal-stack_admin", "maas-all-all-admin"], []],
    ["ldap", ["metal-stack_maas-onbehalf#all-all-edit"], ["maas-onbehalf#all-all-edit"]],
    ["plain", ["maas-all-all-admin", "anything"], ["maas-all-all-admin", "anything"]],
  ])("of %s: %j are %j", (directory, groups, found) =>
    expect(groupsIn(directory, groups, "metal-stack", "metal-stack")).toEqual(found),
  );

  it("of ad names its tenant with two letters", () => {
    const wanted = "METL_x_Appmaas-all-all-admin_y";
    expect(groupsIn("ad", [wanted], "Me", "me")).toEqual(["maas-all-all-admin"]);
    expect(groupsIn("ad", [wanted], "metal-stack", "metal-stack")).toEqual([]);
    const wrong = ["METL_x_Ap_y", "XXTL_x_Appmaas-all-all-admin_y", "METL", "MET_x_Appmaas-all-all-admin_y"];
    expect(groupsIn("ad", [...wrong, "METL_x_Appmaas-all-all-admin"], "me", "me")).toEqual([]);
  });

  it("acts on behalf of others only in the provider's tenant", () =>
    expect(groupsIn("ldap", ["acme_maas-onbehalf#x-all-edit"], "acme", "metal-stack")).toEqual([]));
});

describe("a bearer token", () => {
  let ours: IdentityProvider;
  let strange: IdentityProvider;
  let directory: string;
  let world: World;
  let ahead = 0;
  const audience = "metal-api";
  const admin = { email: "ann@example.org", preferred_username: "ann", groups: ["metal-stack_maas-all-all-admin"] };
  const call = (token: string, path: string, scheme = "Bearer") =>
    world.call("guest", "GET", path, undefined, { authorization: `${scheme} ${token}` });
  const status = async (token: string, path = "/v1/view") => (await call(token, path)).status;
  const refusal = async (token: string) => {
    const { status: code, body } = await call(token, "/v1/view");
    return [code, body.message];
  };

  beforeAll(async () => {
    [ours, strange] = await Promise.all([startIdentityProvider(), startIdentityProvider()]);
    directory = await mkdtemp(join(tmpdir(), "issuers-"));
    const file = join(directory, "issuers.json");
    const issuer = { issuer: ours.issuer, clientId: audience, directory: "ldap", roles: { ops: "edit" } };
    await writeFile(file, JSON.stringify([issuer, { issuer: "http://127.0.0.1:1", clientId: audience }]));
    const tenants = createRouterTransport(({ service }) =>
      service(masterdata.TenantService, {
        get: () => ({
          tenant: {
            iamConfig: {
              issuerConfig: { url: strange.issuer, clientId: "from-masterdata" },
              idmConfig: { idmType: "LDAP" },
            },
          },
        }),
      }),
    );
    world = await createWorld([levels, userRoutes], {
      env: { METAL_API_OIDC_ISSUERS_FILE: file },
      clock: () => new Date(Date.now() + ahead),
      masterdata: createMasterdata(tenants),
    });
  }, GENEROUS_MS);
  afterAll(async () => {
    await Promise.all([world?.close(), ours?.stop(), strange?.stop()]);
    if (directory) await rm(directory, { recursive: true });
  });

  it("says who its bearer is", async () => {
    const { body } = await call(await ours.token(audience, admin), "/v1/user/me", "bearer");
    expect(body).toEqual({
      EMail: "ann@example.org",
      Name: "ann",
      Groups: ["maas-all-all-admin"],
      Tenant: "metal-stack",
      Issuer: ours.issuer,
      Subject: "tester",
    });
  });

  it("gives the roles of its groups, of the original's and of those that the settings name", async () => {
    const statuses = async (groups: string[]) => {
      const token = await ours.token(audience, { groups });
      return Promise.all(["view", "edit", "admin"].map((level) => status(token, `/v1/${level}`)));
    };
    expect(await statuses(["metal-stack_maas-all-all-view"])).toEqual([200, 403, 403]);
    expect(await statuses(["ops"])).toEqual([200, 200, 403]);
    expect(await statuses(["metal-stack_maas-all-all-admin"])).toEqual([200, 200, 200]);
    expect(await statuses(["maas-all-all-admin"])).toEqual([403, 403, 403]);
  });

  it("may be of the issuer that masterdata knows for the provider's tenant", async () => {
    const groups = ["metal-stack_maas-all-all-view"];
    expect(await status(await strange.token("from-masterdata", { groups }))).toBe(200);
  });

  it("is refused when it is for somebody else, or from somebody else", async () => {
    const unknown = [403, "tokens of this issuer for this audience are not accepted here"];
    expect(await refusal(await ours.token("another", admin))).toEqual(unknown);
    expect(await refusal(await strange.token(audience, admin))).toEqual(unknown);
  });

  it("is refused when it has expired, clocks may differ by half a minute", async () => {
    const token = await ours.token(audience, admin);
    ahead = HOUR_MS + 10_000;
    expect(await status(token)).toBe(200);
    ahead = HOUR_MS + 60_000;
    expect(await refusal(token)).toEqual([403, "the token has expired: log in again"]);
    ahead = 0;
  });

  it("is refused when nobody, anybody or a shared secret signed it", async () => {
    const unsigned = new UnsecuredJWT(admin)
      .setIssuer(ours.issuer)
      .setAudience(audience)
      .setExpirationTime("1h")
      .encode();
    expect((await refusal(unsigned))[0]).toBe(403);
    const sign = (alg: string, key: Parameters<SignJWT["sign"]>[0], kid?: string) =>
      new SignJWT(admin)
        .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) })
        .setIssuer(ours.issuer)
        .setSubject("eve")
        .setAudience(audience)
        .setExpirationTime("1h")
        .sign(key);
    const { privateKey, publicKey } = await generateKeyPair("RS256");
    const real = await ours.token(audience, admin);
    const { kid } = JSON.parse(Buffer.from(real.split(".")[0]!, "base64url").toString()) as { kid: string };
    expect(await refusal(await sign("RS256", privateKey, kid))).toEqual([403, "the token's signature is wrong"]);
    const secret = Buffer.from(JSON.stringify(await exportJWK(publicKey)));
    expect((await refusal(await sign("HS256", secret, kid)))[1]).toMatch(/^the token must be signed with one of RS256/);
    const [header, , signature] = real.split(".");
    const forged = Buffer.from(JSON.stringify({ ...admin, iss: ours.issuer, aud: audience, exp: 9e9, sub: "eve" }));
    expect((await refusal(`${header}.${forged.toString("base64url")}.${signature}`))[0]).toBe(403);
    expect((await refusal("no.token.atall"))[1]).toBe("the bearer token is not a JSON Web Token");
    expect((await refusal("x".repeat(15_000)))[0]).toBe(403);
  });

  it("is refused when it brings the key that it is to be checked with", async () => {
    const { privateKey, publicKey } = await generateKeyPair("RS256");
    const jwk = { ...(await exportJWK(publicKey)), kid: "eves", alg: "RS256", use: "sig" };
    let asked = 0;
    const eves = createServer((_request, response) => {
      asked += 1;
      response.end(JSON.stringify({ keys: [jwk] }));
    });
    await new Promise<void>((resolve) => eves.listen(0, "127.0.0.1", resolve));
    const jku = `http://127.0.0.1:${(eves.address() as AddressInfo).port}/keys`;
    for (const header of [{ jwk }, { jku, kid: "eves" }, { x5u: jku }, { kid: jku }, { kid: "../../eves" }]) {
      const token = new SignJWT(admin).setIssuer(ours.issuer).setSubject("eve").setAudience(audience);
      const signed = await token
        .setExpirationTime("1h")
        .setProtectedHeader({ alg: "RS256", ...header })
        .sign(privateKey);
      expect((await refusal(signed))[0], JSON.stringify(header)).toBe(403);
    }
    eves.close();
    expect(asked).toBe(0);
  });

  it.each([
    null,
    5,
    [],
    "x",
    {},
    { alg: null },
    { alg: "__proto__" },
    { alg: ["RS256"] },
    { alg: "RS256", kid: 5 },
    { alg: "RS256", kid: {} },
    { alg: "RS256", kid: "x".repeat(9000) },
    { alg: "RS256", typ: {} },
    { alg: "RS256", crit: ["exp"] },
    { alg: "RS256", b64: false, crit: ["b64"] },
  ])("with the header %j is refused", async (header) => {
    const [, claims, signature] = (await ours.token(audience, admin)).split(".");
    const odd = Buffer.from(JSON.stringify(header)).toString("base64url");
    expect((await refusal(`${odd}.${claims}.${signature}`))[0]).toBe(403);
  });

  it.each([
    { groups: { 0: "ops" } },
    { groups: [["ops"]] },
    { groups: [null, 5, {}] },
    { groups: "ops-" },
    { groups: ["__proto__", "constructor"] },
    { roles: { ops: true } },
    { email: { a: 1 }, name: 5 },
  ])("whose claims are %j makes nobody of its bearer", async (claims) => {
    expect(await status(await ours.token(audience, claims))).toBe(403);
  });

  it("of an issuer that is away is refused with a reason, and known keys go on working", async () => {
    const forNobody = new UnsecuredJWT({})
      .setIssuer("http://127.0.0.1:1")
      .setAudience(audience)
      .setExpirationTime("1h");
    const [, claims] = forNobody.encode().split(".");
    const header = Buffer.from('{"alg":"RS256","kid":"k"}').toString("base64url");
    expect((await refusal(`${header}.${claims}.c2ln`))[1]).toBe(
      "the token cannot be checked, because http://127.0.0.1:1 does not give its keys; try again later",
    );
    const token = await ours.token(audience, admin);
    await ours.stop();
    expect(await status(token)).toBe(200);
  });

  it(
    "is taken with a new key as soon as the issuer has one",
    async () => {
      ours = await startIdentityProvider(Number(new URL(ours.issuer).port));
      await ours.rotate();
      const token = await ours.token(audience, admin);
      await expect.poll(() => status(token), { timeout: GENEROUS_MS, interval: 500 }).toBe(200);
    },
    GENEROUS_MS,
  );
});

describe("issuers", () => {
  const settings = async (content: string) => {
    const directory = await mkdtemp(join(tmpdir(), "issuers-"));
    try {
      await writeFile(join(directory, "file"), content);
      return tokenSettings(
        new Environment(SETTINGS, { METAL_API_OIDC_ISSUERS_FILE: join(directory, "file") }),
        "metal-stack",
      );
    } finally {
      await rm(directory, { recursive: true });
    }
  };

  it.each([
    "{",
    "{}",
    '[{"issuer":"x","clientId":"y"}]',
    '[{"issuer":"https://x","clientId":"y","roles":{"g":"root"}}]',
  ])(
    "described as %s are refused at start",
    async (content) => await expect(settings(content)).rejects.toThrow(ConfigurationError),
  );

  it("include dex, whose tokens name tenant and directory in their connector", async () => {
    const { privateKey, publicKey } = await generateKeyPair("RS256");
    const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "k", alg: "RS256" }] });
    const dex = createServer((request, response) => response.writeHead(request.url === "/keys" ? 200 : 404).end(keys));
    await new Promise<void>((resolve) => dex.listen(0, "127.0.0.1", resolve));
    const issuer = `http://127.0.0.1:${(dex.address() as AddressInfo).port}`;
    const world = await createWorld([levels], { env: { METAL_API_DEX_ADDR: issuer, METAL_API_DEX_CLIENTID: "metal" } });
    const status = async (connector: string) => {
      const claims = { federated_claims: { connector_id: connector }, groups: ["metal-stack_maas-all-all-edit"] };
      const token = await new SignJWT(claims)
        .setProtectedHeader({ alg: "RS256", kid: "k" })
        .setIssuer(issuer)
        .setSubject("s")
        .setAudience("metal")
        .setExpirationTime("1h")
        .sign(privateKey);
      return (await world.call("guest", "GET", "/v1/edit", undefined, { authorization: `Bearer ${token}` })).status;
    };
    expect([await status("metal-stack_ldap"), await status("other_ldap"), await status("metal-stack")]).toEqual([
      200, 403, 403,
    ]);
    await world.close();
    await new Promise((resolve) => dex.close(resolve));
  });
});
