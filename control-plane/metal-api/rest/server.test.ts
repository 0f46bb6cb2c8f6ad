import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { Type } from "typebox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createWorld, signed, type World } from "../testing/world.ts";
import type { RouteModule } from "./app.ts";

const Echo = Type.Object({ id: Type.String({ minLength: 1 }), list: Type.Optional(Type.Array(Type.String())) });

const echoRoutes: RouteModule = (app) => {
  for (const role of ["public", "tenant", "view", "edit", "admin"] as const) {
    app.get(`/v1/${role}`, { config: { role } }, async ({ user }) => user);
  }
  app.post("/v1/echo", { config: { role: "view" }, schema: { body: Echo } }, async ({ body }) => body);
  app.get("/v1/with-body", { config: { role: "view" }, schema: { body: Echo } }, async ({ body }) => body);
  app.post("/v1/power/:id", { config: { role: "view" } }, async () => ({}));
  app.post("/v1/any/:id", { config: { role: "view", anyContentType: true } }, async () => ({}));
  app.get("/v1/broken", { config: { role: "view" } }, async () => {
    throw new Error("the password is secret");
  });
};

const appended = (headers: Record<string, string>, text: string) => ({
  ...headers,
  authorization: headers["authorization"] + text,
});

let now = new Date();
let world: World;
beforeAll(async () => {
  world = await createWorld([echoRoutes], { clock: () => now, env: { METAL_API_BASE_PATH: "/metal/" } });
});
afterAll(() => world.close());

describe("a caller", () => {
  it.each([
    ["guest", ["public"]],
    ["view", ["public", "tenant", "view"]],
    ["edit", ["public", "tenant", "view", "edit"]],
    ["admin", ["public", "tenant", "view", "edit", "admin"]],
  ] as const)("that is %s may call %j", async (role, allowed) => {
    for (const path of ["public", "tenant", "view", "edit", "admin"]) {
      const { status } = await world.call(role, "GET", `/v1/${path}`);
      expect([path, status]).toEqual([path, allowed.includes(path as never) ? 200 : 403]);
    }
  });

  it("is told which groups it lacks", async () => {
    const { body } = await world.call("view", "GET", "/v1/admin");
    expect(body).toEqual({
      statuscode: 403,
      message: "you are not member in one of [k8s_kaas-admin maas-all-all-admin]",
    });
  });

  it("without credentials learns nothing, not even that a path is unknown", async () => {
    expect((await world.call("guest", "GET", "/v1/nowhere")).status).toBe(403);
  });

  it("is known by the key it signs with", async () => {
    expect((await world.call("edit", "GET", "/v1/view")).body).toEqual({
      email: "metal-edit@metal-stack.io",
      name: "Metal-Edit",
      groups: ["k8s_kaas-edit", "maas-all-all-edit"],
      tenant: "metal-stack",
    });
  });

  it.each([
    [
      "another role's key",
      (headers: Record<string, string>) => ({
        ...headers,
        authorization: headers["authorization"]!.replace("View", "Admin"),
      }),
    ],
    ["another method", () => signed("view", "POST", now)],
    ["more behind its signature", () => appended(signed("view", "GET", now), "zz")],
    ["an old date", () => signed("view", "GET", new Date(now.getTime() - 31_000))],
    ["a date in the future", () => signed("view", "GET", new Date(now.getTime() + 31_000))],
    ["no date", ({ authorization }: Record<string, string>) => ({ authorization })],
    ["a bearer token", () => ({ authorization: "Bearer x.y.z" })],
  ])("with %s is refused, also where no credentials are needed", async (_what, change) => {
    const headers = change(signed("view", "GET", now)) as Record<string, string>;
    expect((await world.call("guest", "GET", "/v1/public", undefined, headers)).status).toBe(403);
  });

  it("with a scheme of somebody else's is a guest", async () => {
    const { body } = await world.call<object>("guest", "GET", "/v1/public", undefined, { authorization: "Metal x" });
    expect(body).toMatchObject({ email: "anonymous@metal-stack.io" });
  });
});

describe("an error", () => {
  it("is a JSON string that holds the JSON object", async () => {
    const { body, headers } = await world.app.inject({ url: "/metal/v1/view" });
    expect(headers["content-type"]).toMatch(/^application\/json/);
    expect(body).toBe(JSON.stringify('{"statuscode":403,"message":"tenant  not allowed"}'));
  });

  it("of ours says nothing about the inside", async () => {
    const { status, body } = await world.call("view", "GET", "/v1/broken");
    expect([status, body.message]).toEqual([500, "Internal error, see the log of metal-api"]);
  });
});

describe("routing", () => {
  it.each([
    ["GET", "/v1/nowhere", 404, "404: Page Not Found"],
    ["DELETE", "/v1/view", 405, "405: Method Not Allowed"],
    ["HEAD", "/v1/view", 405, undefined],
    ["DELETE", "/v1/power/x", 405, "405: Method Not Allowed"],
  ])("answers %s %s with %i", async (method, path, expected, message) => {
    const { status, body } = await world.call("view", method, path);
    expect([status, body?.message]).toEqual([expected, message]);
  });

  it.each(["/v1/view/", "//v1//view", "/v1/view?x=1"])("takes %s for the same path", async (path) => {
    expect((await world.call("view", "GET", path)).status).toBe(200);
  });

  it("knows nothing outside its base path", async () => {
    const { statusCode } = await world.app.inject({ url: "/v1/view", headers: signed("view", "GET", now) });
    expect(statusCode).toBe(404);
  });
});

describe("a page of another origin", () => {
  const origin = "https://console.example.org";
  const options = (path: string, headers: Record<string, string>) =>
    world.app.inject({ method: "OPTIONS", url: `/metal${path}`, headers: { origin, ...headers } });

  it("reads answers", async () => {
    const { headers } = await world.call("view", "GET", "/v1/view", undefined, { origin });
    expect(headers["access-control-allow-origin"]).toBe(origin);
    expect(headers["access-control-allow-credentials"]).toBeUndefined();
    expect(headers["access-control-expose-headers"]).toBe("etag, retry-after, x-request-id");
  });

  it("is told what it may send", async () => {
    const asked = { "access-control-request-method": "GET", "access-control-request-headers": "authorization,x-date" };
    const { statusCode, headers } = await options("/v1/view", { ...signed("view", "OPTIONS", now), ...asked });
    expect([statusCode, headers["allow"], headers["access-control-allow-methods"]]).toEqual([200, "GET", "GET"]);
    expect(headers["access-control-allow-headers"]).toBe("authorization,x-date");
    expect(headers["access-control-max-age"]).toBe("7200");
    expect((await options("/v1/nowhere", signed("view", "OPTIONS", now))).statusCode).toBe(404);
  });

  it("needs no credentials for asking, as browsers send none", async () => {
    const asked = { "access-control-request-method": "GET" };
    expect((await options("/v1/view", asked)).statusCode).toBe(200);
    expect((await options("/v1/nowhere", asked)).statusCode).toBe(403);
    expect((await options("/v1/view", {})).statusCode).toBe(403);
    expect((await options("/v1/public", {})).statusCode).toBe(200);
  });
});

describe("a body", () => {
  const post = (payload: string | undefined, type: string | undefined, path = "/metal/v1/echo") =>
    world.app.inject({
      method: "POST",
      url: path,
      ...(payload === undefined ? {} : { payload }),
      headers: { ...signed("view", "POST", now), ...(type === undefined ? {} : { "content-type": type }) },
    });

  it.each([
    ["without a content type", '{"id":"x"}', undefined, 415],
    ["of another type", '{"id":"x"}', "text/plain", 415],
    ["that is missing, like its type", undefined, undefined, 415],
    ["that is empty", "", "application/json", 400],
    ["with a character set", '{"id":"x"}', "application/json; charset=utf-8", 200],
    ["that is no JSON", "{", "application/json", 400],
    ["that lacks a field", "{}", "application/json", 400],
    ["that is deeper than anybody looks", "[".repeat(100_000), "application/json", 400],
    ["that is null", "null", "application/json", 400],
    ["with a field of the wrong type", '{"id":1}', "application/json", 400],
    ["larger than anybody needs", `{"id":"${"x".repeat(5e6)}"}`, "application/json", 413],
  ])("%s is answered %#", async (_what, payload, type, expected) => {
    expect((await post(payload, type)).statusCode).toBe(expected);
  });

  it.each([
    ["{}", "id should not be empty"],
    ['{"id":""}', "id should not be empty"],
    ['{"id":null}', "id should not be empty"],
    ['{"id":1}', "id must be string"],
  ])("like %s is refused with %j", async (payload, message) => {
    const { body } = await post(payload, "application/json");
    expect(JSON.parse(JSON.parse(body) as string)).toEqual({ statuscode: 400, message });
  });

  it("may say null or the zero time for what is unset, and more than we know", async () => {
    const { body } = await post(
      '{"id":"x","list":null,"created":"0001-01-01T00:00:00.000Z","obsolete":1}',
      "application/json",
    );
    expect(JSON.parse(body)).toEqual({ id: "x", obsolete: 1 });
  });

  it("is its first JSON value, with names in any case", async () => {
    for (const payload of ['{"ID":"x"} {"id":"y"}', ' {"iD":"x"}]', '{"id":"x"}garbage', '{"id":"y","Id":"x"}'])
      expect(JSON.parse((await post(payload, "application/json")).body), payload).toEqual({ id: "x" });
  });

  it.each([
    ['{"id":"a\\ud800b","\\udfff":1}', { id: "a\ufffdb", "\ufffd": 1 }],
    ['{"id":"\\ud83d\\ude00 \\\\ud800"}', { id: "😀 \\ud800" }],
  ])("like %s has whole characters only", async (payload, echoed) => {
    expect(JSON.parse((await post(payload, "application/json")).body)).toEqual(echoed);
  });

  it("comes with a GET as well", async () => {
    expect((await world.call("view", "GET", "/v1/with-body", { id: "x" })).body).toEqual({ id: "x" });
    expect((await world.call("view", "GET", "/v1/with-body")).status).toBe(400);
  });

  it("is not looked at where none is declared", async () => {
    expect((await post("", "application/json", "/metal/v1/power/x")).statusCode).toBe(200);
    expect((await post("no JSON", "application/json", "/metal/v1/power/x")).statusCode).toBe(200);
    expect((await post(undefined, undefined, "/metal/v1/power/x")).statusCode).toBe(415);
    expect((await post(undefined, undefined, "/metal/v1/any/x")).statusCode).toBe(200);
  });

  it("cannot be had in another form than JSON", async () => {
    const { status } = await world.call("view", "GET", "/v1/view", undefined, { accept: "text/html" });
    expect(status).toBe(406);
  });
});

describe("the server", () => {
  it("refuses a route that does not say who may call it", async () => {
    const forgetful: RouteModule = (app) => void app.get("/v1/forgotten", async () => ({}));
    const other = await createWorld([forgetful]);
    await expect(other.app.ready()).rejects.toThrow(/does not declare who may call it/);
    await other.close();
  });

  it("finishes what it has begun before it closes", async () => {
    let finish: () => void = () => undefined;
    const begun = Promise.withResolvers<void>();
    const slow: RouteModule = (app) =>
      void app.get("/v1/slow", { config: { role: "public" } }, async () => {
        begun.resolve();
        await new Promise<void>((resolve) => (finish = resolve));
        return { done: true };
      });
    const other = await createWorld([slow]);
    await other.app.listen({ port: 0, host: "127.0.0.1" });
    const { port } = other.app.server.address() as AddressInfo;
    const answer = new Promise<string>((resolve, reject) => {
      const sent = request({ port, path: "/v1/slow" }, (response) => {
        response.setEncoding("utf8").on("data", resolve);
      });
      sent.on("error", reject).end();
    });
    await begun.promise;
    const closed = other.close();
    finish();
    expect(await answer).toBe('{"done":true}');
    await closed;
  });
});
