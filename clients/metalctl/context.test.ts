import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type FakeApi, fakeApi } from "./testing/fake-api.ts";

let api: FakeApi;
beforeAll(async () => {
  api = await fakeApi();
  api.answers = {};
  mkdirSync(join(api.folder, ".metalctl"));
});
beforeEach(() => {
  api.forget();
  // As the original leaves it after a switch of contexts.
  writeFileSync(
    join(api.folder, ".metalctl", "config.yaml"),
    `current: prod
previous: dev
contexts:
    dev:
        url: ${api.url}
        issuer_url: ""
        issuer_type: ""
        custom_scopes: ""
        client_id: ""
        client_secret: ""
        hmac: edit-key
        hmac_auth_type: Metal-Edit
    prod:
        url: ${api.url}
        issuer_url: https://dex.example.org/dex
        issuer_type: generic
        custom_scopes: groups
        client_id: metal
        client_secret: s3cret
        hmac: null
`,
  );
});
afterAll(() => api.close());

const USER = {
  EMail: "",
  Name: "ann",
  Tenant: "acme",
  Issuer: "https://dex.example.org/dex",
  Groups: ["admins", "ops"],
};
const token = `e30.${Buffer.from(JSON.stringify({ exp: 1_800_000_000 })).toString("base64url")}.x`;

describe("an existing ~/.metalctl/config.yaml", () => {
  it("lists its contexts, without their secrets", async () => {
    for (const words of [["context"], ["ctx", "list"]]) {
      const { stdout } = await api.metalctl(...words);
      expect(stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
        ["NAME", "API URL", "ISSUER URL"],
        ["dev", api.url],
        ["prod [*]", api.url, "https://dex.example.org/dex"],
        [""],
      ]);
    }
    const { stdout } = await api.metalctl("context", "list", "-o", "yaml");
    expect(stdout).toContain("name: prod\n");
    expect(stdout).not.toMatch(/s3cret|edit-key/);
  });

  it("switches contexts and back, and keeps all that the file says", async () => {
    const path = join(api.folder, ".metalctl", "config.yaml");
    const before = load(readFileSync(path, "utf8"));
    expect((await api.metalctl("context", "prod")).stdout).toBe('✔ context "prod" already active\n');
    expect((await api.metalctl("context", "dev")).stdout).toBe('✔ switched context to "dev"\n');
    expect((await api.metalctl("context", "short")).stdout).toBe("dev\n");
    expect((await api.metalctl("context", "-")).stdout).toBe('✔ switched context to "prod"\n');
    expect(load(readFileSync(path, "utf8"))).toEqual(before);
    expect((await api.metalctl("context", "nowhere")).stderr).toContain('no context "nowhere"');
  });

  it("signs with the key and the type of the context", async () => {
    api.answers["GET /metal/v1/user/me"] = [200, USER];
    await api.metalctl("context", "-");
    expect((await api.metalctl("whoami")).stdout).toBe(
      "UserId: ann\nTenant: acme\nIssuer: https://dex.example.org/dex\nGroups:\n admins\n ops\n",
    );
    expect(api.calls[0]!.authorization).toMatch(/^Metal-Edit /);
  });

  it("speaks with the token that a log-in left in the kubeconfig", async () => {
    api.answers["GET /metal/v1/user/me"] = [200, USER];
    const kubeconfig = join(api.folder, "kube.yaml");
    writeFileSync(
      kubeconfig,
      `apiVersion: v1
contexts: [{ name: cloudctl-prod, context: { cluster: c, user: cloudctl-prod-ann } }]
users: [{ name: cloudctl-prod-ann, user: { auth-provider: { name: oidc, config: { id-token: ${token} } } } }]
`,
    );
    expect((await api.metalctl("whoami", "--kubeconfig", kubeconfig)).stdout).toContain(
      "Expires at 2027-01-15T08:00:00.000Z\n",
    );
    api.env = { KUBECONFIG: kubeconfig };
    expect((await api.metalctl("whoami", "-o", "yaml")).stdout).toContain("Name: ann\n");
    expect(api.calls.map(({ authorization }) => authorization)).toEqual([`Bearer ${token}`, `Bearer ${token}`]);
  });

  it("gives way to flags and variables", async () => {
    api.answers["GET /metal/v1/size"] = [200, [{ id: "s" }]];
    api.env = { METALCTL_API_URL: "http://127.0.0.1:1/", METALCTL_OUTPUT_FORMAT: "json", METALCTL_NO_HEADERS: "true" };
    expect(JSON.parse((await api.metalctl("size", "ls", "--api-url", api.url)).stdout)).toEqual([{ id: "s" }]);
    expect((await api.metalctl("size", "ls", "--api-url", api.url, "-o", "table")).stdout).toBe("s\n");
    api.answers["POST /metal/v1/machine/find"] = [200, []];
    api.env = { METALCTL_API_URL: api.url, METALCTL_NO_HEADERS: "false", METALCTL_TAGS: "a,b" };
    await api.metalctl("machine", "ls");
    await api.metalctl("machine", "ls", "--tags", "c", "--tags", "d");
    expect(api.calls.slice(-2).map(({ body }) => body)).toEqual([{ tags: ["a", "b"] }, { tags: ["c", "d"] }]);
    expect((await api.metalctl("size", "ls", "--api-url", api.url, "-o", "table")).stdout).toMatch(/^ID/);
  });

  it("says what is wrong with it", async () => {
    const path = join(api.folder, ".metalctl", "config.yaml");
    writeFileSync(path, "current: gone\ncontexts: {}\n");
    expect((await api.metalctl("size", "ls")).stderr).toContain(`no context "gone" in ${path}`);
    writeFileSync(path, "current: a\ncontexts: [1\n");
    expect((await api.metalctl("size", "ls")).stderr).toMatch(/cannot read .*config\.yaml: .*\(\d+:\d+\)/);
    writeFileSync(path, "prod");
    expect((await api.metalctl("context")).stderr).toContain("must have current and contexts");
    expect((await api.metalctl("context", "-c", "missing.yaml")).stderr).toContain("missing.yaml does not exist");
  });
});
