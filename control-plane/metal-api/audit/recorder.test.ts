import type { AuditResponse } from "@metal-stack/api-schema";
import { Type } from "typebox";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { badRequest } from "../errors.ts";
import type { RouteModule } from "../rest/app.ts";
import { createWorld, type World } from "../testing/world.ts";
import { auditRoutes } from "./routes.ts";
import { isRecorded, machineOf } from "./rules-recorded.ts";
import { forgetAudit } from "./store.ts";

const Order = Type.Object({ user_data: Type.Optional(Type.String()), name: Type.String({ minLength: 1 }) });
let orders = 0;
const orderRoutes: RouteModule = (app) => {
  const schema = (operationId: string) => ({ operationId, body: Order });
  app.post(
    "/v1/machine/allocate",
    { config: { role: "edit" }, schema: schema("allocateMachine") },
    async ({ body }) => {
      orders += 1;
      if (body.name === "bad") throw badRequest("that is no name");
      return { id: "m1", password: "p" };
    },
  );
  app.delete(
    "/v1/machine/:id/free",
    { config: { role: "edit" }, schema: { operationId: "freeMachine" } },
    async () => ({}),
  );
  app.post("/v1/machine/find", { config: { role: "view" }, schema: schema("findMachines") }, async () => []);
};

describe("what goes on record", () => {
  it.each([
    ["PUT", "createSize", true],
    ["POST", "findMachines", false],
    ["POST", "issues", true],
    ["POST", "notifySwitch", false],
    ["GET", "findMachine", false],
    ["GET", "getMachineConsolePassword", true],
    ["POST", undefined, false],
  ])("%s of %s: %s", (method, operationId, recorded) => expect(isRecorded(method, operationId)).toBe(recorded));

  it("names the machine", () => {
    expect(machineOf("/metal/v1/machine/:id/free", { id: "a" })).toBe("a");
    expect(machineOf("/v1/firewall/allocate", {}, { id: "b" })).toBe("b");
    expect(machineOf("/v1/size/:id", { id: "c" })).toBe("");
  });
});

describe("the audit trail", () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld([orderRoutes, auditRoutes]);
  });
  afterAll(() => world.close());
  const send = (role: "view" | "edit" | "guest", body: object, rqid: string, headers: Record<string, string> = {}) =>
    world.call(role, "POST", "/v1/machine/allocate", body, { "x-request-id": rqid, ...headers });
  const trail = async (rqid: string) =>
    (await world.call<AuditResponse[]>("view", "POST", "/v1/audit/find", { rqid })).body;

  it("has every change before and after it is made, without secrets", async () => {
    await send("edit", { name: "x", user_data: "secret" }, "r1", { "x-forwarded-for": "192.0.2.1" });
    const entry = {
      component: "metal-api",
      rqid: "r1",
      type: "http",
      user: "metal-edit@metal-stack.io",
      tenant: "metal-stack",
      detail: "POST",
      path: "/v1/machine/allocate",
      forwarded_for: "192.0.2.1",
      remote_addr: "127.0.0.1",
      error: "",
      timestamp: expect.any(String) as string,
    };
    expect(await trail("r1")).toEqual([
      { ...entry, phase: "response", status_code: 200, machineid: "m1", body: '{"id":"m1","password":"<redacted>"}' },
      { ...entry, phase: "request", status_code: 0, machineid: "", body: '{"name":"x","user_data":"<redacted>"}' },
    ]);
  });

  it.each([
    ["edit", { name: "bad" }, 400, "that is no name", 2],
    ["edit", {}, 400, "name should not be empty", 1],
    ["view", { name: "x" }, 403, expect.stringContaining("you are not member") as string, 1],
    ["guest", { name: "x" }, 403, "tenant  not allowed", 1],
  ] as const)("has refusals: of %s, sending %j", async (role, body, status, error, entries) => {
    const rqid = `refused-${role}-${JSON.stringify(body)}`;
    await send(role, body, rqid);
    const [result, ...more] = await trail(rqid);
    expect(result).toMatchObject({ phase: "response", status_code: status, error });
    expect(more.length).toBe(entries - 1);
  });

  it("cannot be flooded by strangers", async () => {
    for (let sent = 0; sent < 200; sent += 1) await send("guest", { name: "x" }, "flood");
    expect((await trail("flood")).length).toBeLessThanOrEqual(120);
  });

  it("keeps a part of what is too long, and nothing that a database refuses", async () => {
    await send("edit", { name: "x\0\ud800".repeat(10_000) }, "long");
    const [, asked] = await trail("long");
    expect((JSON.parse(asked!.body!) as { truncated: string }).truncated.length).toBeLessThanOrEqual(16 * 1024);
  });

  it("tells which machine was freed", async () => {
    await world.call("edit", "DELETE", "/v1/machine/m7/free", undefined, { "x-request-id": "free" });
    expect((await trail("free")).map(({ machineid }) => machineid)).toEqual(["m7", "m7"]);
  });

  it("has no searches", async () => {
    await world.call("view", "POST", "/v1/machine/find", { name: "x" }, { "x-request-id": "find" });
    expect(await trail("find")).toEqual([]);
  });

  it("answers with the id of the request", async () => {
    const { headers } = await send("edit", { name: "x" }, "mine");
    expect(headers["x-request-id"]).toBe("mine");
  });

  it("forgets what is too old", async () => {
    const before = await trail("r1");
    await forgetAudit(world.context.db, new Date(Date.now() - 86_400_000));
    expect(await trail("r1")).toEqual(before);
    await forgetAudit(world.context.db, new Date(Date.now() + 1000));
    expect(await trail("r1")).toEqual([]);
  });

  it("is a condition of every change", async () => {
    const done = orders;
    await world.context.db.schema.alterTable("audit").renameTo("lost").execute();
    expect((await send("edit", { name: "x" }, "unheard")).status).toBe(500);
    expect(orders).toBe(done);
  });
});
