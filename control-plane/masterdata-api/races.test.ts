// Two at the same time: whatever order they come in, nothing points at nothing and nobody is told a lie.
import { Code, ConnectError } from "@connectrpc/connect";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createWorld, type World } from "./testing/world.ts";

// Much is done here, and the machine may be busy.
const PATIENCE = { timeout: 90_000 };

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());
beforeEach(() => world.empty());

const ROUNDS = 10;

/** The codes of those that failed; every one must be expected. */
function codesOf(outcomes: readonly PromiseSettledResult<unknown>[]): (Code | undefined)[] {
  return outcomes.map((outcome) =>
    outcome.status === "fulfilled" ? undefined : ConnectError.from(outcome.reason as Error).code,
  );
}

it("a tenant is deleted, or gets a project and a member", PATIENCE, async () => {
  await world.tenants.create({ tenant: { meta: { id: "guest" } } });
  for (let round = 0; round < ROUNDS; round += 1) {
    const id = `t${round}`;
    await world.tenants.create({ tenant: { meta: { id } } });
    const [project, member, deletion] = codesOf(
      await Promise.allSettled([
        world.projects.create({ project: { meta: { id: `p${round}` }, tenantId: id } }),
        world.tenantMembers.create({ tenantMember: { tenantId: id, memberId: "guest" } }),
        world.tenants.delete({ id }),
      ]),
    );
    expect([undefined, Code.NotFound]).toContain(project);
    expect([undefined, Code.NotFound]).toContain(member);
    expect(deletion).toBe(project === undefined ? Code.FailedPrecondition : undefined);
  }
  expect(world.log).toEqual([]);
});

it("a project is deleted with all its members, also with those that come meanwhile", PATIENCE, async () => {
  await world.tenants.create({ tenant: { meta: { id: "t" } } });
  for (let round = 0; round < ROUNDS; round += 1) {
    const id = `p${round}`;
    await world.projects.create({ project: { meta: { id }, tenantId: "t" } });
    const [deletion, ...members] = codesOf(
      await Promise.allSettled([
        world.projects.delete({ id }),
        ...Array.from({ length: 4 }, () =>
          world.projectMembers.create({ projectMember: { projectId: id, tenantId: "t" } }),
        ),
      ]),
    );
    expect(deletion).toBeUndefined();
    for (const member of members) expect([undefined, Code.NotFound]).toContain(member);
  }
  expect((await world.projectMembers.find({})).projectMembers).toEqual([]);
  expect(world.log).toEqual([]);
});

it("tenants that are members of each other are deleted at the same time", PATIENCE, async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const ids = ["a", "b", "c"].map((letter) => `${letter}${round}`);
    for (const id of ids) await world.tenants.create({ tenant: { meta: { id } } });
    for (const tenantId of ids)
      for (const memberId of ids)
        if (tenantId !== memberId) await world.tenantMembers.create({ tenantMember: { tenantId, memberId } });
    expect(codesOf(await Promise.allSettled(ids.map((id) => world.tenants.delete({ id }))))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  }
  expect((await world.tenantMembers.find({})).tenantMembers).toEqual([]);
  expect(world.log).toEqual([]);
});

it("of many who create the same id one succeeds, and of many who delete it", PATIENCE, async () => {
  const creations = await Promise.allSettled(
    Array.from({ length: 10 }, () => world.tenants.create({ tenant: { meta: { id: "one" } } })),
  );
  expect(codesOf(creations).filter((code) => code === undefined)).toHaveLength(1);
  expect(codesOf(creations).filter((code) => code === Code.AlreadyExists)).toHaveLength(9);
  const deletions = await Promise.allSettled(Array.from({ length: 10 }, () => world.tenants.delete({ id: "one" })));
  expect(codesOf(deletions).filter((code) => code === undefined)).toHaveLength(1);
  expect(codesOf(deletions).filter((code) => code === Code.NotFound)).toHaveLength(9);
});

it("versions count every update of many writers exactly once", PATIENCE, async () => {
  await world.tenants.create({ tenant: { meta: { id: "t" } } });
  const increment = async () => {
    for (;;) {
      const { tenant } = await world.tenants.get({ id: "t" });
      try {
        await world.tenants.update({ tenant: { ...tenant!, name: `${Number(tenant!.name || 0) + 1}` } });
        return;
      } catch (error) {
        expect(ConnectError.from(error).code).toBe(Code.FailedPrecondition);
      }
    }
  };
  await Promise.all(Array.from({ length: 12 }, increment));
  const { tenant } = await world.tenants.get({ id: "t" });
  expect([tenant!.name, tenant!.meta!.version]).toEqual(["12", 12n]);
});

it("without its database it says so, and works again afterwards", PATIENCE, async () => {
  await world.tenants.create({ tenant: { meta: { id: "t" } } });
  const name = /test_\w+/.exec(world.url)![0];
  const forbid = (allowed: boolean) => sql`alter database ${sql.id(name)} allow_connections ${sql.lit(allowed)}`;
  const other = await createWorld();
  try {
    await forbid(false).execute(other.db);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`.execute(other.db);
    await expect(
      (async () => {
        // A connection of the pool may still be unaware that it is gone; then the next one fails.
        for (;;) await world.tenants.get({ id: "t" });
      })(),
    ).rejects.toEqual(expect.objectContaining({ code: Code.Unavailable }));
    await forbid(true).execute(other.db);
  } finally {
    await forbid(true).execute(other.db);
    await other.close();
  }
  await expect.poll(() => world.tenants.get({ id: "t" }).catch(() => undefined)).toBeDefined();
});
