// Whatever stands in a text, it is a text: kept as it is, found again, or refused with a reason, and never run.
import { Code, createClient, createRouterTransport } from "@connectrpc/connect";
import { masterdata } from "@metal-stack/protocol";
import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createMasterdataRoutes } from "../routes.ts";
import { createWorld, type World } from "../testing/world.ts";

// Much is done here, and the machine may be busy.
const PATIENCE = { timeout: 90_000 };

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  await world.empty();
  await world.tenants.create({ tenant: { meta: { id: "acme" } } });
});

const refused = (code: Code, reason: string) =>
  expect.objectContaining({ code, rawMessage: expect.stringContaining(reason) as string }) as Error;

const pieces = fc.constantFrom(
  "'",
  '"',
  "\\",
  "$1",
  ":name",
  "?",
  "--",
  ";",
  "}",
  "]",
  "%",
  "_",
  "\n",
  "\u2028",
  "☃",
  "🏔",
);
const evils = [
  "x' OR '1'='1",
  "'; drop table projects; --",
  "\"]}' OR true --",
  "__proto__",
  "constructor",
  "toString",
  "\\u0000",
  "{}",
  "null",
  "",
];
const text = fc.oneof(
  fc.constantFrom(...evils),
  fc.string({ unit: fc.oneof(pieces, fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 })), maxLength: 30 }),
  fc.string({ unit: "binary", maxLength: 30 }).filter((value) => !value.includes("\0") && value.isWellFormed()),
);

describe("a text", PATIENCE, () => {
  it("of any kind is kept in labels, annotations, names and ids, and found by each of them alone", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(text, text, text, async (key, value, label) => {
        const id = `${value}/${run++}`;
        const meta = { id, annotations: { [key]: value }, labels: [label] };
        const made = (
          await world.projects.create({ project: { meta, name: value, description: key, tenantId: "acme" } })
        ).project!;
        await world.projects.create({ project: { meta: { id: `other ${run}` }, tenantId: "acme" } });
        expect(made.meta!.annotations).toEqual(meta.annotations);
        expect((await world.projects.get({ id })).project).toEqual(made);
        const queries = [
          { id },
          { annotations: meta.annotations },
          { labels: meta.labels },
          { annotations: meta.annotations, labels: meta.labels, tenantId: "acme" },
          ...(value === "" ? [] : [{ name: value }]),
          ...(key === "" ? [] : [{ description: key }]),
        ];
        for (const query of queries) {
          const { projects } = await world.projects.find(query);
          expect(projects.map((project) => project.meta!.id)).toContain(id);
          expect(projects.filter((project) => project.meta!.id.startsWith("other"))).toEqual([]);
        }
        // The number, because an earlier run may have had any other key.
        expect((await world.projects.find({ annotations: { [`${key}' ${run}`]: value } })).projects).toEqual([]);
      }),
      { numRuns: 60, examples: evils.map((evil): [string, string, string] => [evil, evil, evil]) },
    );
    expect(world.log).toEqual([]);
  });

  it("finds tenants and members as it finds projects", async () => {
    const { tenants, tenantMembers, projectMembers } = world;
    await world.projects.create({ project: { meta: { id: "p" }, tenantId: "acme" } });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(text, text, text, async (key, value, label) => {
        const id = `guest-${run++}`;
        const meta = { annotations: { [key]: value }, labels: [label] };
        await tenants.create({ tenant: { meta: { ...meta, id }, name: value } });
        await tenantMembers.create({ tenantMember: { meta: { ...meta, id }, tenantId: "acme", memberId: id } });
        await projectMembers.create({ projectMember: { meta: { ...meta, id }, projectId: "p", tenantId: id } });
        const { annotations } = meta;
        const other = { [`${key}' ${run}`]: value };
        const idsOf = (found: readonly { meta?: { id: string } | undefined }[]) => found.map(({ meta }) => meta!.id);
        for (const query of [
          { annotations },
          { annotations, labels: [label] },
          ...(value === "" ? [] : [{ name: value }]),
        ])
          expect(idsOf((await tenants.find(query)).tenants)).toContain(id);
        expect(idsOf((await tenantMembers.find({ annotations })).tenantMembers)).toContain(id);
        expect(
          idsOf((await tenantMembers.find({ tenantId: "acme", memberId: id, annotations })).tenantMembers),
        ).toEqual([id]);
        expect(idsOf((await projectMembers.find({ annotations })).projectMembers)).toContain(id);
        expect(
          idsOf((await projectMembers.find({ projectId: "p", tenantId: id, annotations })).projectMembers),
        ).toEqual([id]);
        expect((await tenants.find({ annotations: other })).tenants).toEqual([]);
        expect((await tenantMembers.find({ annotations: other })).tenantMembers).toEqual([]);
        expect((await projectMembers.find({ annotations: other })).projectMembers).toEqual([]);
        for (const hostile of [key, value, label])
          expect((await tenantMembers.find({ memberId: `${hostile}' or true --` })).tenantMembers).toEqual([]);
        await tenants.delete({ id });
      }),
      { numRuns: 30, examples: evils.map((evil): [string, string, string] => [evil, evil, evil]) },
    );
    expect((await tenants.find({})).tenants).toHaveLength(1);
    expect(world.log).toEqual([]);
  });

  it("with a NUL is refused everywhere, and nothing of the request is done", async () => {
    const nul = refused(Code.InvalidArgument, "U+0000");
    const { projects, tenants } = world;
    for (const meta of [{ id: "a\0" }, { labels: ["\0"] }, { annotations: { "\0": "" } }, { annotations: { a: "\0" } }])
      await expect(tenants.create({ tenant: { meta } })).rejects.toEqual(nul);
    await expect(projects.create({ project: { tenantId: "acme", name: "\0" } })).rejects.toEqual(nul);
    await expect(projects.create({ project: { tenantId: "\0" } })).rejects.toEqual(nul);
    for (const query of [{ id: "\0" }, { name: "\0" }, { labels: ["\0"] }, { annotations: { "\0": "x" } }])
      await expect(projects.find(query)).rejects.toEqual(nul);
    await expect(projects.get({ id: "\0" })).rejects.toEqual(nul);
    await expect(tenants.delete({ id: "\0" })).rejects.toEqual(nul);
    expect((await tenants.find({})).tenants).toHaveLength(1);
    expect(await world.db.selectFrom("history").select("id").execute()).toEqual([{ id: "acme" }]);
    expect(world.log).toEqual([]);
  });

  it("with half a character, which only JSON can carry, is refused everywhere, and nothing of the request is done", async () => {
    const json = createRouterTransport(
      createMasterdataRoutes(world.db, { error: (details) => void world.log.push(JSON.stringify(details)) }),
      {
        transport: { useBinaryFormat: false },
      },
    );
    const [projects, tenants] = [
      createClient(masterdata.ProjectService, json),
      createClient(masterdata.TenantService, json),
    ];
    const half = "a\ud83c";
    const outcomes = await Promise.allSettled([
      ...[{ id: half }, { labels: [half] }, { annotations: { [half]: "" } }, { annotations: { a: half } }].map((meta) =>
        tenants.create({ tenant: { meta } }),
      ),
      projects.create({ project: { tenantId: "acme", name: half } }),
      projects.create({ project: { tenantId: half } }),
      ...[{ name: half }, { labels: [half] }, { annotations: { [half]: "x" } }].map((query) => projects.find(query)),
      projects.find({ id: half }),
      projects.get({ id: half }),
      tenants.delete({ id: half }),
    ]);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: "rejected", reason: refused(Code.InvalidArgument, "UTF8") });
    expect((await tenants.find({})).tenants).toHaveLength(1);
    expect(await world.db.selectFrom("history").select("id").execute()).toEqual([{ id: "acme" }]);
    expect(world.log).toEqual([]);
  });

  it("may be long, but not without end", async () => {
    const { tenants } = world;
    const create = (meta: object) => tenants.create({ tenant: { meta } });
    const long = "x".repeat(10_000_000);
    for (const meta of [{ annotations: { long } }, { annotations: { [long]: "" } }, { labels: [long] }])
      await expect(create(meta)).rejects.toEqual(refused(Code.InvalidArgument, "at most 262144 bytes"));
    await expect(tenants.create({ tenant: { name: long } })).rejects.toEqual(
      refused(Code.InvalidArgument, "at most 262144 bytes"),
    );
    await expect(create({ id: "☃".repeat(171) })).rejects.toEqual(
      refused(Code.InvalidArgument, "meta.id has at most 512 bytes, this one has 513"),
    );
    const widest = Array.from({ length: 170 }, (_, index) => String.fromCodePoint(0x4e00 + index * 101)).join("");
    expect((await create({ id: widest })).tenant!.meta!.id).toBe(widest);
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`key-${index}`, "x"]));
    expect((await create({ id: "many", annotations: many })).tenant!.meta!.annotations).toEqual(many);
    expect((await tenants.find({ annotations: { "key-9999": "x" } })).tenants).toHaveLength(1);
    const update = { meta: { id: "many", annotations: { long } } };
    await expect(tenants.update({ tenant: update })).rejects.toEqual(refused(Code.InvalidArgument, "262144"));
    expect((await tenants.get({ id: "many" })).tenant!.meta!.version).toBe(0n);
    for (const id of [long, widest + widest])
      await expect(tenants.get({ id })).rejects.toEqual(refused(Code.NotFound, ""));
  });

  it("that is deep JSON stays a text", async () => {
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    await world.tenants.create({ tenant: { meta: { id: "deep", annotations: { deep } } } });
    const { tenants } = await world.tenants.find({ annotations: { deep } });
    expect(tenants.map((tenant) => tenant.meta!.id)).toEqual(["deep"]);
  });
});

describe("a number", PATIENCE, () => {
  it("beyond all bounds is refused", async () => {
    const { projects, tenants } = world;
    for (const paging of [{ count: 0n }, { count: 2n ** 64n - 1n }, { page: 2n ** 63n, count: 2n }])
      await expect(projects.find({ paging })).rejects.toEqual(refused(Code.InvalidArgument, ""));
    for (const version of [2n ** 53n, 2n ** 63n - 1n])
      await expect(tenants.update({ tenant: { meta: { id: "acme", version } } })).rejects.toEqual(
        refused(Code.InvalidArgument, "too large"),
      );
    for (const version of [-1n, -(2n ** 63n)])
      await expect(tenants.update({ tenant: { meta: { id: "acme", version } } })).rejects.toEqual(
        refused(Code.FailedPrecondition, "optimistic lock"),
      );
  });
});

it("250 entities are read page by page, each once", PATIENCE, async () => {
  for (let number = 0; number < 250; number += 1)
    await world.projects.create({ project: { meta: { id: `p-${number}` }, tenantId: "acme" } });
  const ids: string[] = [];
  let page: bigint | undefined = 0n;
  while (page !== undefined) {
    const answer: Awaited<ReturnType<typeof world.projects.find>> = await world.projects.find({
      paging: { page, count: 50n },
    });
    ids.push(...answer.projects.map((project) => project.meta!.id));
    page = answer.nextPage;
  }
  expect(ids).toHaveLength(250);
  expect(new Set(ids).size).toBe(250);
  expect((await world.projects.find({ paging: {} })).projects).toHaveLength(100);
});
