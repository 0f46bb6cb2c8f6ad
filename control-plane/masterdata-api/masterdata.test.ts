// masterdata-api as its clients see it: over connect, on a real PostgreSQL.
import { createHmac } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { health } from "@metal-stack/protocol";
import { Secret } from "@metal-stack/service";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { checkHmac, hmacInterceptor } from "./authentication.ts";
import { createWorld, type World } from "./testing/world.ts";

let world: World;
let projects: World["projects"];
let tenants: World["tenants"];
let projectMembers: World["projectMembers"];
let tenantMembers: World["tenantMembers"];

beforeAll(async () => {
  world = await createWorld();
  ({ projects, tenants, projectMembers, tenantMembers } = world);
});
afterAll(() => world.close());

beforeEach(async () => {
  await world.empty();
  await tenants.create({ tenant: { meta: { id: "acme" }, name: "Acme" } });
});

const code = (wanted: Code) => expect.objectContaining({ code: wanted });

describe("projects", () => {
  it("are created with an id, kind, version 0 and the tenant's default quotas", async () => {
    await tenants.create({ tenant: { meta: { id: "small" }, defaultQuotas: { machine: { max: 3 } } } });
    const { project } = await projects.create({ project: { name: "web", tenantId: "small" } });
    expect(project!.meta).toMatchObject({ kind: "Project", apiversion: "v1", version: 0n });
    expect(project!.meta!.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(project!.quotas!.machine!.max).toBe(3);
    expect((await projects.get({ id: project!.meta!.id })).project).toEqual(project);
  });

  it("need an existing tenant, an unused id, and the right kind", async () => {
    await expect(projects.create({ project: { tenantId: "nobody" } })).rejects.toEqual(code(Code.NotFound));
    await projects.create({ project: { meta: { id: "p" }, tenantId: "acme" } });
    await expect(projects.create({ project: { meta: { id: "p" }, tenantId: "acme" } })).rejects.toEqual(
      code(Code.AlreadyExists),
    );
    await expect(projects.create({ project: { meta: { kind: "Tenant" }, tenantId: "acme" } })).rejects.toEqual(
      code(Code.InvalidArgument),
    );
    await expect(projects.create({ project: { meta: { apiversion: "v9" }, tenantId: "acme" } })).rejects.toEqual(
      code(Code.InvalidArgument),
    );
    await expect(projects.create({})).rejects.toEqual(code(Code.InvalidArgument));
  });

  it("are updated once per version, also by many at once", async () => {
    const { project } = await projects.create({ project: { meta: { id: "p" }, name: "a", tenantId: "acme" } });
    const updates = await Promise.allSettled(
      Array.from({ length: 8 }, (_, n) => projects.update({ project: { ...project!, name: `name${n}` } })),
    );
    expect(updates.filter((update) => update.status === "fulfilled")).toHaveLength(1);
    for (const update of updates)
      if (update.status === "rejected") expect(update.reason).toEqual(code(Code.FailedPrecondition));
    expect((await projects.get({ id: "p" })).project!.meta!.version).toBe(1n);
    await expect(projects.update({ project: { ...project!, tenantId: "other" } })).rejects.toEqual(
      code(Code.InvalidArgument),
    );
    await expect(projects.update({ project: { meta: { id: "missing" }, tenantId: "acme" } })).rejects.toEqual(
      code(Code.NotFound),
    );
  });

  it("never exceed the tenant's quota, also when many are created at once", async () => {
    await tenants.create({ tenant: { meta: { id: "three" }, quotas: { project: { max: 3 } } } });
    const creations = await Promise.allSettled(
      Array.from({ length: 10 }, () => projects.create({ project: { tenantId: "three" } })),
    );
    expect(creations.filter((creation) => creation.status === "fulfilled")).toHaveLength(3);
    for (const creation of creations)
      if (creation.status === "rejected") expect(creation.reason).toEqual(code(Code.FailedPrecondition));
  });

  it("are found by fields, labels, annotations and pages", async () => {
    for (let n = 0; n < 5; n += 1) {
      await projects.create({
        project: {
          meta: { id: `p${n}`, labels: ["all", `n${n}`], annotations: { parity: n % 2 ? "odd" : "even" } },
          name: `name${n}`,
          tenantId: "acme",
        },
      });
    }
    const ids = async (query: Parameters<typeof projects.find>[0]) =>
      (await projects.find(query)).projects.map((project) => project.meta!.id);
    expect(await ids({})).toEqual(["p0", "p1", "p2", "p3", "p4"]);
    expect(await ids({ name: "name3" })).toEqual(["p3"]);
    expect(await ids({ deprecatedName: "name3" })).toEqual(["p3"]);
    expect(await ids({ labels: ["all", "n2"] })).toEqual(["p2"]);
    expect(await ids({ annotations: { parity: "odd" } })).toEqual(["p1", "p3"]);
    const first = await projects.find({ paging: { count: 3n } });
    expect([first.projects.length, first.nextPage]).toEqual([3, 1n]);
    const second = await projects.find({ paging: { page: 1n, count: 3n } });
    expect([second.projects.length, second.nextPage]).toEqual([2, undefined]);
  });
});

describe("tenants and members", () => {
  it("a tenant with projects is not deleted, and the answer says which", async () => {
    await projects.create({ project: { meta: { id: "p" }, tenantId: "acme" } });
    await expect(tenants.delete({ id: "acme" })).rejects.toEqual(
      expect.objectContaining({
        code: Code.FailedPrecondition,
        rawMessage: expect.stringContaining("projects: p") as string,
      }),
    );
    await projects.delete({ id: "p" });
    expect((await tenants.delete({ id: "acme" })).tenant!.name).toBe("Acme");
  });

  it("deleting takes memberships along", async () => {
    await tenants.create({ tenant: { meta: { id: "guest" } } });
    await projects.create({ project: { meta: { id: "p" }, tenantId: "acme" } });
    await projectMembers.create({ projectMember: { projectId: "p", tenantId: "guest" } });
    await tenantMembers.create({ tenantMember: { tenantId: "acme", memberId: "guest" } });
    await tenants.delete({ id: "guest" });
    expect((await projectMembers.find({ projectId: "p" })).projectMembers).toEqual([]);
    expect((await tenantMembers.find({ tenantId: "acme" })).tenantMembers).toEqual([]);
  });

  it("participation is direct, inherited or both, within a namespace", async () => {
    for (const id of ["guest", "other"]) await tenants.create({ tenant: { meta: { id } } });
    await projects.create({ project: { meta: { id: "p1" }, tenantId: "acme" } });
    await projects.create({ project: { meta: { id: "p2" }, tenantId: "other" } });
    await tenantMembers.create({
      tenantMember: { meta: { annotations: { role: "viewer" } }, tenantId: "acme", memberId: "guest", namespace: "v2" },
    });
    await projectMembers.create({
      projectMember: { meta: { annotations: { role: "owner" } }, projectId: "p2", tenantId: "guest", namespace: "v2" },
    });
    const ask = { tenantId: "guest", namespace: "v2" };
    const names = (answer: { projects: { project?: { meta?: { id: string } | undefined } | undefined }[] }) =>
      answer.projects.map((entry) => entry.project!.meta!.id);
    expect(names(await tenants.findParticipatingProjects(ask))).toEqual(["p1", "p2"]);
    expect(names(await tenants.findParticipatingProjects({ ...ask, includeInherited: false }))).toEqual(["p2"]);
    expect(names(await tenants.findParticipatingProjects({ ...ask, namespace: "v1" }))).toEqual([]);
    const hosts = await tenants.findParticipatingTenants(ask);
    expect(hosts.tenants.map((entry) => entry.tenant!.meta!.id)).toEqual(["acme", "other"]);
    expect(hosts.tenants[1]!.projectAnnotations).toEqual({ role: "owner" });
    const members = await tenants.listTenantMembers({ tenantId: "other", namespace: "v2" });
    expect(members.tenants.map((entry) => [entry.tenant!.meta!.id, entry.projectIds])).toEqual([["guest", ["p2"]]]);
  });

  it("a membership keeps what it joins", async () => {
    await tenants.create({ tenant: { meta: { id: "guest" } } });
    const { tenantMember } = await tenantMembers.create({ tenantMember: { tenantId: "acme", memberId: "guest" } });
    await expect(tenantMembers.update({ tenantMember: { ...tenantMember!, tenantId: "guest" } })).rejects.toEqual(
      code(Code.InvalidArgument),
    );
    await expect(projectMembers.create({ projectMember: { projectId: "none", tenantId: "acme" } })).rejects.toEqual(
      code(Code.NotFound),
    );
  });
});

it("is healthy while its database is", async () => {
  const { SERVING } = health.HealthCheckResponse_ServingStatus;
  for (const service of ["", "initdb", "migratedb"])
    expect((await world.health.check({ service })).status).toBe(SERVING);
  await expect(world.health.check({ service: "other" })).rejects.toEqual(code(Code.NotFound));
  expect(Object.keys((await world.health.list({})).statuses)).toEqual(["initdb", "migratedb"]);
});

describe("the HMAC", () => {
  const key = new Secret("k");
  const now = Date.parse("2026-01-01T00:00:10Z");
  const headers = (date: string, mac?: string) =>
    new Headers({
      authorization: `tmdm ${mac ?? createHmac("sha256", "k").update(`${date}GRPCsalt`).digest("hex")}`,
      "x-date": date,
      "x-data-salt": "salt",
    });

  it("is demanded by every service but health", async () => {
    const guarded = await createWorld([hmacInterceptor(key)]);
    try {
      const calls = [
        guarded.projects.find({}),
        guarded.tenants.find({}),
        guarded.projectMembers.find({}),
        guarded.tenantMembers.find({}),
        guarded.versions.get({}),
      ];
      for (const call of calls) await expect(call).rejects.toEqual(code(Code.Unauthenticated));
      await guarded.health.check({});
      const date = new Date().toISOString();
      expect((await guarded.projects.find({}, { headers: headers(date) })).projects).toEqual([]);
    } finally {
      await guarded.close();
    }
  });
  it("passes when fresh and right", () =>
    expect(() => checkHmac(key, headers("2026-01-01T00:00:00Z"), now)).not.toThrow());
  it.each([
    ["stale", headers("2025-12-31T23:59:00Z")],
    ["from the future", headers("2026-01-01T00:01:00Z")],
    ["wrong", headers("2026-01-01T00:00:00Z", "00".repeat(32))],
    ["not hex", headers("2026-01-01T00:00:00Z", "zz")],
    ["missing", new Headers()],
    ["undated", headers("yesterday")],
  ])("refuses one that is %s", (_, sent) =>
    expect(() => checkHmac(key, sent, now)).toThrow(expect.objectContaining({ code: Code.Unauthenticated })),
  );
});
