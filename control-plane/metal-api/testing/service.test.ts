// Health, version and the caller: what a client asks before anything else.
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { healthRoutes } from "../health/routes.ts";
import { userRoutes } from "../users/routes.ts";
import { versionRoutes } from "../version/routes.ts";
import { createWorld, noMasterdata, type World } from "./world.ts";

let masterdataIsAway = false;
let checked = 0;
let world: World;
beforeAll(async () => {
  const check = async () => {
    checked += 1;
    await setTimeout(50);
    if (masterdataIsAway) throw new Error("nobody home");
  };
  world = await createWorld([healthRoutes, userRoutes, versionRoutes], {
    masterdata: { ...noMasterdata, check },
    env: { METAL_API_RELEASE_VERSION: "v0.1.2" },
  });
});
afterAll(() => world.close());

it("everybody may ask for the health, which is a plain object also when it is bad", async () => {
  expect(await world.call("guest", "GET", "/v1/health")).toMatchObject({
    status: 200,
    body: { status: "healthy", message: "", services: { postgresql: { status: "healthy" } } },
  });
  masterdataIsAway = true;
  expect(await world.call("guest", "GET", "/v1/health")).toMatchObject({
    status: 500,
    body: { status: "partial-outage", message: "nobody home" },
  });
  const one = await world.call("guest", "GET", "/v1/health?service=postgresql");
  expect(one).toMatchObject({ status: 500, body: { status: "healthy", message: "" } });
});

it("however many ask for the health at once, it is looked at once", async () => {
  await world.app.ready();
  checked = 0;
  await Promise.all(Array.from({ length: 50 }, () => world.call("guest", "GET", "/v1/health")));
  expect(checked).toBeLessThan(50);
  const before = checked;
  await world.call("guest", "GET", "/v1/health");
  expect(checked).toBe(before + 1);
});

it("everybody may ask for the version", async () => {
  const { body } = await world.call("guest", "GET", "/v1/version");
  expect(body).toMatchObject({ name: "metal-api", min_client_version: "v0.0.1", release_version: "v0.1.2" });
  expect(body).toMatchObject({ version: expect.stringMatching(/^v\d/) as string, revision: "", builddate: "" });
});

it("who has a key learns who that makes him", async () => {
  expect((await world.call("admin", "GET", "/v1/user/me")).body).toEqual({
    EMail: "metal-admin@metal-stack.io",
    Name: "Metal-Admin",
    Groups: ["k8s_kaas-admin", "maas-all-all-admin"],
    Tenant: "metal-stack",
    Issuer: "",
    Subject: "",
  });
  expect((await world.call("guest", "GET", "/v1/user/me")).status).toBe(403);
});
