// The SDK in a real browser, on pages of another origin than the API's, which is a real one with a simulated machine.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as Sdk from "@metal-stack/sdk";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Region } from "../../faults/region.ts";
import { type Gateway, openGateway } from "../gateway.ts";
import { type Issuer, PAGE, startIssuer } from "../issuer.ts";
import { type Pages, servePages } from "./pages.ts";

const CHROMIUM = "/usr/bin/chromium";
const able = existsSync(CHROMIUM);
if (!able) console.warn("SKIPPED: the SDK in a real browser (no chromium)");

/** A name that is no loopback address to the browser: to pages loaded from it by http it gives no cryptography. */
const INSECURE_HOST = "pages.test";
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Nothing leaves this machine.
  `--host-resolver-rules=MAP ${INSECURE_HOST} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
];
/** A tenth of it is for those without credentials, ten seconds' worth at once. */
const REQUESTS_PER_SECOND = 40;
const STRANGERS_AT_ONCE = 40;
const PATIENCE_MS = 240_000;

/** On pages only: what the page's program put there. */
declare const sdk: typeof Sdk;

describe.skipIf(!able)("the SDK in a browser", { timeout: PATIENCE_MS }, () => {
  const closing: (() => Promise<void>)[] = [];
  let browser: Browser;
  let pages: Pages;
  let region: Region;
  let issuer: Issuer;
  let gateway: Gateway;
  let page: Page;
  /** What the page needs to make a client. */
  let api: { readonly url: string; readonly hmac: { readonly type: string; readonly key: string } };

  beforeAll(async () => {
    const scratch = mkdtempSync(join(tmpdir(), "metal-sdk-browser-"));
    closing.push(async () => rmSync(scratch, { recursive: true }));
    issuer = await startIssuer();
    closing.push(() => issuer.close());
    const issuers = join(scratch, "issuers.json");
    issuer.accept(issuers);
    const folder = join(scratch, "region");
    mkdirSync(folder);
    const adjust = (env: Readonly<Record<string, string>>) => ({
      ...env,
      METAL_API_RATE_LIMIT: String(REQUESTS_PER_SECOND),
      METAL_API_OIDC_ISSUERS_FILE: issuers,
    });
    region = await Region.start({ folder, machines: 1, together: true, adjust, say: () => undefined });
    closing.push(() => region.close());
    gateway = await openGateway(region.access.url);
    closing.push(() => gateway.close());
    pages = await servePages(join(scratch, "pages"));
    closing.push(() => pages.close());
    browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS });
    closing.push(() => browser.close());
    api = { url: gateway.url, hmac: { type: "Metal-Admin", key: region.access.key } };
    page = await opened("/bundled");
  }, PATIENCE_MS);
  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  }, PATIENCE_MS);

  async function opened(path: string, host = "127.0.0.1"): Promise<Page> {
    const opened = await browser.newPage();
    await opened.goto(`http://${host}:${pages.port}${path}`);
    await opened.waitForFunction("globalThis.sdk !== undefined");
    return opened;
  }

  it("is loaded from a bundle that has nothing of Node, and is small", () => {
    expect(pages.ofNode).toEqual([]);
    expect(pages.bundleBytes).toBeLessThan(40_000);
  });

  it("signs, lists, finds, creates, updates and deletes, after asking whether pages of its origin may", async () => {
    gateway.asked.length = 0;
    const seen = await page.evaluate(async (options) => {
      const { project, network } = sdk.createClient(options);
      const { meta } = await project.create({ name: "from-a-page", tenant_id: "acme" });
      const projectid = meta!.id!;
      const made = await network.allocate({ name: "backend", projectid, partitionid: "sim" });
      const found = await network.find({ projectid });
      const updated = await network.update({ id: made.id, description: "seen from a page" });
      await network.list();
      const all = await network.list();
      return { id: made.id, projectid, found, updated, all: all.map(({ id }) => id) };
    }, api);
    const stored = await region.api.network.get(seen.id);
    expect(stored).toMatchObject({ description: "seen from a page", projectid: seen.projectid });
    expect(seen.found.map(({ id }) => id)).toEqual([seen.id]);
    expect(seen.updated).toEqual(stored);
    expect(seen.all).toContain(seen.id);
    expect(gateway.asked).toContain("OPTIONS /metal/v1/project");
    // The browser remembers that it may.
    const path = "/metal/v1/network";
    const about = (method: string) => gateway.asked.filter((one) => one === `${method} ${path}`).length;
    expect([about("GET"), about("OPTIONS")]).toEqual([2, 1]);
    await page.evaluate(
      async ({ options, id, projectid }) => {
        const { network, project } = sdk.createClient(options);
        await network.free(id);
        await project.delete(projectid);
      },
      { options: api, id: seen.id, projectid: seen.projectid },
    );
    await expect(region.api.network.get(seen.id)).rejects.toMatchObject({ status: 404 });
  });

  it("works without a bundler, where a page says where the modules are", async () => {
    const files = await opened("/files");
    const sizes = await files.evaluate(async (options) => sdk.createClient(options).size.list(), api);
    expect(sizes.map(({ id }) => id)).toEqual(["sim-small"]);
    await files.close();
  });

  it("understands refusals, and by which id the log knows them", async () => {
    const seen = await page.evaluate(async (options) => {
      const error: unknown = await sdk
        .createClient(options)
        .machine.get("no-such")
        .catch((reason: unknown) => reason);
      if (!(error instanceof sdk.MetalError)) return String(error);
      const { name, status, message, requestId } = error;
      return { name, status, message, requestId };
    }, api);
    expect(seen).toMatchObject({ name: "MetalError", status: 404, message: expect.stringContaining("no-such") });
    expect(seen).toHaveProperty("requestId", expect.stringMatching(/^[\w-]{20,}$/));
  });

  it("is told when somebody else changed a thing meanwhile", async () => {
    const seen = await page.evaluate(async (options) => {
      const { size } = sdk.createClient(options);
      let etag = "";
      const had = await size.get("sim-small", { onAnswer: ({ headers }) => (etag = headers.get("etag") ?? "") });
      await size.update({ ...had, description: "two cores" });
      const late = size.update({ ...had, description: "four" }, { headers: { "if-match": etag } });
      const status = await late.then(
        () => 200,
        (error: Sdk.MetalError) => error.status,
      );
      return { etag, status, left: (await size.get("sim-small")).description };
    }, api);
    expect(seen).toEqual({ etag: expect.stringMatching(/^"\d+"$/), status: 409, left: "two cores" });
  });

  it("waits as long as an API that is asked too often says", async () => {
    const seen = await page.evaluate(
      async ({ url, calls }) => {
        const { version } = sdk.createClient({ url, retries: 20 });
        const statuses: number[] = [];
        const asked: (string | null)[] = [];
        const onAnswer: Sdk.CallOptions["onAnswer"] = ({ status, headers }) => {
          statuses.push(status);
          if (status === 429) asked.push(headers.get("retry-after"));
        };
        const answers = await Promise.all(Array.from({ length: calls }, () => version.info({ onAnswer })));
        return { names: answers.map(({ name }) => name), statuses, asked };
      },
      { url: region.access.url, calls: STRANGERS_AT_ONCE + 5 },
    );
    expect(new Set(seen.names)).toEqual(new Set(["metal-api"]));
    expect(seen.names).toHaveLength(STRANGERS_AT_ONCE + 5);
    expect(seen.statuses).toContain(429);
    expect(new Set(seen.asked)).toEqual(new Set(["1"]));
  });

  it("asks again what only reads when a proxy has lost the API, also one that knows nothing of pages", async () => {
    gateway.asked.length = 0;
    gateway.next.push({ status: 503, headers: { "access-control-allow-origin": "*", "retry-after": "0" } });
    gateway.next.push({ status: 503 });
    const list = () => page.evaluate(async (options) => sdk.createClient(options).partition.list(), api);
    expect((await list()).map(({ id }) => id)).toEqual(["sim"]);
    expect(gateway.asked.filter((one) => one.startsWith("GET"))).toHaveLength(3);

    gateway.next.push({ status: 503 });
    const creating = await page.evaluate(async (options) => {
      const made = sdk.createClient(options).size.create({ id: "large", constraints: [] });
      return made.then(
        () => "created",
        (error: Error) => error.name,
      );
    }, api);
    expect(creating).toBe("NetworkError");
    expect(gateway.asked.filter((one) => one.startsWith("PUT"))).toHaveLength(1);
  });

  it("does not follow to another place with its key", async () => {
    gateway.asked.length = 0;
    const headers = { location: "/metal/v1/partition", "access-control-allow-origin": "*" };
    gateway.next.push({ status: 307, headers });
    const moved = await page.evaluate(async (options) => {
      const listing = sdk.createClient({ ...options, retries: 0 }).size.list();
      return listing.then(
        () => "followed",
        (error: Error) => error.message,
      );
    }, api);
    expect(moved).toContain("the API is not here, but elsewhere");
    expect(gateway.asked.filter((one) => one.startsWith("GET"))).toEqual(["GET /metal/v1/size"]);
  });

  it("gives up in time, and when it is told to", async () => {
    gateway.next.push("silent", "silent");
    const seen = await page.evaluate(async (options) => {
      const { size } = sdk.createClient({ ...options, retries: 0 });
      const late: unknown = await size.list({ timeout: 300 }).catch((error: unknown) => error);
      const left = new AbortController();
      const listing = size.list({ signal: left.signal }).catch((error: unknown) => error);
      setTimeout(() => left.abort(new Error("the user left")), 100);
      const ended = (await listing) as Error;
      return { late: late instanceof sdk.TimeoutError && late.message, ended: ended.message };
    }, api);
    expect(seen).toEqual({
      late: `GET ${gateway.url}/v1/size: no answer within 300 ms`,
      ended: "the user left",
    });
    expect(gateway.next).toEqual([]);
  });

  it("allocates the machine that waits, waits until it is installed, and gives it back", async () => {
    const { uuid } = region.fleet.machines[0]!;
    await expect
      .poll(
        async () =>
          region.api.machine.get(uuid).then(
            () => true,
            () => false,
          ),
        { timeout: PATIENCE_MS },
      )
      .toBe(true);
    const seen = await page.evaluate(
      async ({ options, id }) => {
        const { machine, network } = sdk.createClient(options);
        const waiting = await machine.waitFor(id, "waiting", { interval: 200 });
        const { id: networkid } = await network.allocate({ name: "web", projectid: "project-a", partitionid: "sim" });
        const order = { projectid: "project-a", imageid: "debian-12.0", networks: [{ networkid }] };
        const allocated = await machine.allocateSpecific(waiting, order);
        const steps: string[] = [];
        const installed = await machine.waitFor(allocated, "installed", {
          interval: 200,
          onStep: ({ event }) => steps.push(event),
        });
        await machine.free(installed);
        const again = await machine.waitFor(installed, "waiting", { interval: 200 });
        return { steps, state: sdk.stateOf(again).state };
      },
      { options: api, id: uuid },
    );
    expect(seen.steps).toContain("Installing");
    expect(seen.steps.at(-1)).toBe("Phoned Home");
    expect(seen.state).toBe("waiting");
  });

  it("renews a login at an issuer of a third origin, and speaks with the token it got", async () => {
    const login = { issuer: issuer.issuer, clientId: PAGE, refreshToken: await issuer.loggedIn() };
    const seen = await page.evaluate(
      async ({ url, login }) => {
        const kept: Sdk.OidcTokenSet[] = [];
        const { user } = sdk.createClient({ url, oidc: { ...login, onRenewed: (tokens) => kept.push(tokens) } });
        const [me, same] = await Promise.all([user.getMe(), user.getMe()]);
        const again = await sdk.createClient({ url, token: kept[0]!.token }).user.getMe();
        return { me, same, again, renewals: kept.length, refreshed: kept[0]!.refreshToken !== login.refreshToken };
      },
      { url: api.url, login },
    );
    expect(seen).toMatchObject({ me: { EMail: "ann@example.org" }, renewals: 1, refreshed: true });
    expect([seen.same, seen.again]).toEqual([seen.me, seen.me]);
    const refused = await page.evaluate(
      async ({ url, login }) => {
        const { user } = sdk.createClient({ url, oidc: { ...login, refreshToken: "of nobody" } });
        const error: unknown = await user.getMe().catch((reason: unknown) => reason);
        return error instanceof sdk.LoginError && error.message;
      },
      { url: api.url, login },
    );
    expect(refused).toContain("log in again");
  });

  it("says what browsers cannot do", async () => {
    gateway.asked.length = 0;
    const refused = await page.evaluate(async ({ url }) => {
      const { request } = sdk.createClient({ url });
      const body = { id: "m1", reason: "stuck" };
      return request("GET", "/v1/machine/consolepassword", { body }).catch((error: Error) => error.message);
    }, api);
    expect(refused).toContain("browsers send no GET with a body");
    const insecure = await opened("/bundled", INSECURE_HOST);
    const unsigned = await insecure.evaluate(async (options) => {
      const listing = sdk.createClient(options).size.list();
      return listing.then(
        () => "signed",
        (error: Error) => error.message,
      );
    }, api);
    expect(unsigned).toContain("HMAC needs Web Crypto");
    expect(gateway.asked).toEqual([]);
    await insecure.close();
  });
});
