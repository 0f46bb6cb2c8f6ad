// Logging in with a browser at a real OpenID Connect provider.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { load } from "js-yaml";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type FakeApi, fakeApi } from "./testing/fake-api.ts";

const TESTING = join(import.meta.dirname, "testing");
const HOUR_SECONDS = 3600;
/** Three processes have to start, on a machine with other things to do. */
const LONG_MS = 90_000;
const PATIENCE = { timeout: 60_000 };

let api: FakeApi;
let kubeconfig: string;
const providers: ChildProcess[] = [];

/** @param seconds how long its id tokens are good */
async function startProvider(seconds: number): Promise<string> {
  const child = spawn(process.execPath, [join(TESTING, "login-provider.ts"), String(seconds)], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  providers.push(child);
  for await (const line of createInterface({ input: child.stdout }))
    if (line.startsWith("{")) return (JSON.parse(line) as { issuer: string }).issuer;
  throw new Error("the provider did not start");
}

beforeAll(async () => {
  api = await fakeApi();
  const bin = join(api.folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "xdg-open"), `#!/bin/sh\nexec "${process.execPath}" "${join(TESTING, "browser.ts")}" "$1"\n`);
  chmodSync(join(bin, "xdg-open"), 0o755);
  kubeconfig = join(api.folder, ".kube", "config");
});
beforeEach(() => {
  api.forget();
  api.env = {
    PATH: `${join(api.folder, "bin")}${delimiter}${process.env["PATH"]}`,
    BROWSER_LOG: join(api.folder, "pages"),
  };
  for (const path of [kubeconfig, join(api.folder, "pages")]) rmSync(path, { force: true });
});
afterAll(async () => {
  for (const child of providers) {
    const ended = once(child, "exit");
    child.kill();
    await ended;
  }
  await api.close();
});

function configure(issuer: string, more = ""): void {
  writeFileSync(
    join(api.folder, "config.yaml"),
    `current: prod
contexts:
  prod:
    url: ${api.url}
    issuer_url: ${issuer}
    client_id: metalctl
    client_secret: of-the-test
${more}  dev:
    url: ${api.url}
    issuer_url: ${issuer}
    client_id: metalctl
    client_secret: of-the-test
`,
  );
}

const pages = () => (existsSync(join(api.folder, "pages")) ? readFileSync(join(api.folder, "pages"), "utf8") : "");
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as Record<string, unknown>;
interface Kube {
  contexts: { name: string; context: { user: string } }[];
  users: { name: string; user: { "auth-provider"?: { config: Record<string, string> } } }[];
}
const kube = () => load(readFileSync(kubeconfig, "utf8")) as Kube;
/** A pattern of the page that the browser saw last: it may be a moment behind metalctl. */
const seen = (page: string) => expect.poll(pages, PATIENCE).toContain(page);

describe("a log-in", { timeout: LONG_MS }, () => {
  it("asks for the original's scopes, keeps the token in the kubeconfig, and is spoken with", async () => {
    const issuer = await startProvider(HOUR_SECONDS);
    configure(issuer);
    mkdirSync(join(api.folder, ".kube"), { recursive: true });
    writeFileSync(kubeconfig, "kind: Config\ncurrent-context: c\nusers: [{ name: ann, user: { token: hers } }]\n");
    const { code, stdout, stderr } = await api.metalctl("login");
    expect(stderr).toMatch(/point your browser to http:\/\/localhost:\d+\/\n$/);
    expect([code, stdout]).toEqual([0, `Successfully written token to ${kubeconfig}\n`]);
    await seen("Logged in");
    const { users, contexts } = kube();
    // Another program's user of that name stays.
    expect(users[0]).toEqual({ name: "ann", user: { token: "hers" } });
    expect(contexts).toEqual([{ name: "cloudctl-prod", context: { cluster: "", user: "ann-cloudctl-prod" } }]);
    const { config } = users[1]!.user["auth-provider"]!;
    expect(config).toMatchObject({
      "client-id": "metalctl",
      "idp-issuer-url": issuer,
      "refresh-token": expect.stringMatching(/./),
    });
    expect(claimsOf(config["id-token"]!)).toMatchObject({
      preferred_username: "ann",
      groups: ["ops"],
      aud: "metalctl",
    });
    expect(kube()).toMatchObject({ "current-context": "c" });

    api.answers["GET /metal/v1/user/me"] = [200, { Name: "ann", Issuer: issuer, Groups: ["ops"] }];
    expect((await api.metalctl("whoami")).stdout).toMatch(/^UserId: ann\n[^]*Expires at \d{4}-/);
    expect(api.calls[0]!.authorization).toBe(`Bearer ${config["id-token"]!}`);
  });

  it("with --print-only prints the token and stores nothing", async () => {
    configure(await startProvider(HOUR_SECONDS), "    issuer_type: generic\n");
    const { stdout } = await api.metalctl("login", "--print-only");
    expect(claimsOf(stdout)).toMatchObject({ preferred_username: "ann" });
    expect(claimsOf(stdout)).not.toHaveProperty("groups");
    expect(existsSync(kubeconfig)).toBe(false);
  });

  it("is renewed without the browser when its token has ended", async () => {
    configure(await startProvider(20));
    expect((await api.metalctl("login")).code).toBe(0);
    await seen("Logged in");
    const before = kube().users[0]!.user["auth-provider"]!.config;
    api.answers["GET /metal/v1/size"] = [200, []];
    // Two tokens of the same second may be equal.
    await expect
      .poll(async () => {
        expect(await api.metalctl("size", "ls")).toMatchObject({ code: 0 });
        return kube().users[0]!.user["auth-provider"]!.config["id-token"];
      }, PATIENCE)
      .not.toBe(before["id-token"]);
    expect(kube().users).toHaveLength(1);
    const after = kube().users[0]!.user["auth-provider"]!.config;
    expect(api.calls.at(-1)!.authorization).toBe(`Bearer ${after["id-token"]!}`);
  });

  it("of two contexts keeps two tokens; logging out forgets one, and ends the session", async () => {
    const issuer = await startProvider(HOUR_SECONDS);
    configure(issuer);
    await api.metalctl("login");
    await api.metalctl("context", "dev");
    await api.metalctl("login");
    expect(kube().users.map(({ name }) => name)).toEqual(["ann", "ann-cloudctl-dev"]);
    rmSync(join(api.folder, "pages"));
    const { code, stdout } = await api.metalctl("logout");
    expect([code, stdout]).toEqual([0, expect.stringContaining("The token is gone")]);
    await seen("Sign-out Success");
    expect(kube().users.map(({ name }) => name)).toEqual(["ann"]);
    expect(kube().contexts.map(({ name }) => name)).toEqual(["cloudctl-prod"]);
  });
});

describe("a log-in that cannot be", { timeout: LONG_MS }, () => {
  it("says what is wrong and what to do", async () => {
    // Nobody listens there; fetch refuses port 1 without looking.
    configure("http://127.0.0.1:2");
    expect((await api.metalctl("login")).stderr).toMatch(
      /^Error: cannot reach the log-in at http:\/\/127\.0\.0\.1:2\n\n[^]*ECONNREFUSED[^]*\n\nNext: check issuer_url/,
    );
    configure("''");
    expect((await api.metalctl("login")).stderr).toMatch(
      /^Error: the current context says nobody to log in at\nNext: /,
    );
    configure("dex");
    expect((await api.metalctl("login")).stderr).toContain('issuer_url "dex" of the current context is no URL');
  });

  it("does not take an answer that is not the provider's, and shows the provider's refusal", async () => {
    configure(await startProvider(HOUR_SECONDS), "    custom_scopes: openid\n");
    // This browser comes back with a state of its own, then with the provider's "no".
    const browser = join(api.folder, "deny.mjs");
    writeFileSync(
      browser,
      `const start = process.argv[2];
const to = new URL((await fetch(start, { redirect: "manual" })).headers.get("location"));
const back = to.searchParams.get("redirect_uri");
const strange = await fetch(back + "?code=x&state=y");
if (strange.status !== 404) throw new Error("taken");
await fetch(back + "?error=access_denied&error_description=not+today&iss=" + to.origin + "&state=" + to.searchParams.get("state"));
`,
    );
    mkdirSync(join(api.folder, "deny"));
    const open = join(api.folder, "deny", "xdg-open");
    writeFileSync(open, `#!/bin/sh\nexec "${process.execPath}" "${browser}" "$1"\n`);
    chmodSync(open, 0o755);
    api.env = { ...api.env, PATH: `${join(api.folder, "deny")}${delimiter}${process.env["PATH"]}` };
    const { code, stderr } = await api.metalctl("login");
    expect(code).toBe(1);
    expect(stderr).toMatch(/did not let you in\n\n[^]*access_denied: not today[^]*\n\nNext: try again: metalctl login/);
  });

  it("is named when the API does not take the token", async () => {
    configure("http://127.0.0.1:1");
    const token = `e30.${Buffer.from(JSON.stringify({ exp: 1_600_000_000 })).toString("base64url")}.x`;
    api.answers["GET /metal/v1/size"] = [401, { statuscode: 401, message: "token is expired" }];
    writeFileSync(
      kubeconfig,
      `contexts: [{ name: cloudctl-prod, context: { user: ann } }]
users: [{ name: ann, user: { auth-provider: { name: oidc, config: { id-token: ${token} } } } }]
`,
    );
    expect((await api.metalctl("size", "ls")).stderr).toBe(
      "Error: token is expired (HTTP 401)\n\nYour token ended at 2020-09-13T12:26:40.000Z.\n\nNext: log in: metalctl login\n",
    );
    rmSync(kubeconfig);
    expect((await api.metalctl("size", "ls")).stderr).toContain("You are not logged in.");
  });
});
