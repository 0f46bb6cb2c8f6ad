// Every entity as of any time, to the microsecond.
import { create } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromDate, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import * as fc from "fast-check";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { projectMembers, projects, tenantMembers, tenants } from "../stores.ts";
import { createWorld, type World } from "../testing/world.ts";
import { microsOf, timestampOf, timeText } from "./rules-time.ts";
import type { Meta } from "./rules.ts";

// Much is done here, and the machine may be busy.
const PATIENCE = { timeout: 90_000 };

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());
beforeEach(() => world.empty());

const code = (wanted: Code) => expect.objectContaining({ code: wanted }) as Error;
const nameAt = async (id: string, micros: number) =>
  (await world.tenants.getHistory({ id, at: timestampOf(micros) })).tenant!.name;

describe("an entity's history", PATIENCE, () => {
  it("has a change from its very microsecond on", async () => {
    const { tenant } = await world.tenants.create({ tenant: { meta: { id: "t" }, name: "first" } });
    const born = microsOf(tenant!.meta!.createdTime!);
    const changed = await world.tenants.update({ tenant: { ...tenant!, name: "second" } });
    const renamed = microsOf(changed.tenant!.meta!.updatedTime!);
    expect(renamed).toBeGreaterThan(born);
    await expect(nameAt("t", born - 1)).rejects.toEqual(code(Code.NotFound));
    expect(await nameAt("t", born)).toBe("first");
    expect(await nameAt("t", renamed - 1)).toBe("first");
    expect(await nameAt("t", renamed)).toBe("second");
    const nearly = create(TimestampSchema, { ...timestampOf(renamed - 1) });
    nearly.nanos += 999;
    expect((await world.tenants.getHistory({ id: "t", at: nearly })).tenant!.name).toBe("first");
  });

  it("is right for any sequence of changes, deletions and new beginnings", async () => {
    const change = fc.constantFrom("create", "update", "delete");
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 12 }), async (changes) => {
        const id = `t${run++}`;
        const model: { from: number; name: string }[] = [];
        let alive: { version: bigint } | undefined;
        for (const [index, what] of changes.entries()) {
          const name = `name ${index}`;
          if (what === "create" && !alive) {
            const { meta } = (await world.tenants.create({ tenant: { meta: { id }, name } })).tenant!;
            alive = meta!;
            model.push({ from: microsOf(meta!.createdTime!), name });
          } else if (what === "update" && alive) {
            const { meta } = (await world.tenants.update({ tenant: { meta: { id, version: alive.version }, name } }))
              .tenant!;
            alive = meta!;
            model.push({ from: microsOf(meta!.updatedTime!), name });
          } else if (what === "delete" && alive) {
            await world.tenants.delete({ id });
            alive = undefined;
          }
        }
        for (const [index, { from, name }] of model.entries()) {
          expect(await nameAt(id, from)).toBe(name);
          if (index === 0) await expect(nameAt(id, from - 1)).rejects.toEqual(code(Code.NotFound));
          else expect(await nameAt(id, from - 1)).toBe(model[index - 1]!.name);
        }
        if (model.length > 0)
          expect(await nameAt(id, Date.now() * 1_000 + 60_000_000)).toBe(model[model.length - 1]!.name);
      }),
      { numRuns: 25 },
    );
  });

  it("stays in order when the clock goes backwards", async () => {
    const { tenant } = await world.tenants.create({ tenant: { meta: { id: "t" }, name: "first" } });
    // As if the first was written by a clock an hour ahead.
    const ahead = timeText(timestampOf(Date.now() * 1_000 + 3_600_000_000));
    await sql`update history set at = ${ahead}::timestamptz`.execute(world.db);
    await sql`update tenants set document = jsonb_set(document, '{meta,created_time}', to_jsonb(${ahead}::text))`.execute(
      world.db,
    );
    const updated = await world.tenants.update({ tenant: { ...tenant!, name: "second" } });
    const late = microsOf(updated.tenant!.meta!.updatedTime!);
    expect(await nameAt("t", late)).toBe("second");
    expect(await nameAt("t", late - 1)).toBe("first");
    await world.tenants.delete({ id: "t" });
    const again = await world.tenants.create({ tenant: { meta: { id: "t" }, name: "third" } });
    expect(await nameAt("t", microsOf(again.tenant!.meta!.createdTime!))).toBe("third");
    expect(await nameAt("t", microsOf(again.tenant!.meta!.createdTime!) - 1)).toBe("second");
  });

  it("is kept for members too, and for what is deleted along with something", async () => {
    await world.tenants.create({ tenant: { meta: { id: "host" } } });
    await world.tenants.create({ tenant: { meta: { id: "guest" } } });
    await world.projects.create({ project: { meta: { id: "p" }, tenantId: "host" } });
    await world.projectMembers.create({ projectMember: { meta: { id: "pm" }, projectId: "p", tenantId: "guest" } });
    await world.tenantMembers.create({ tenantMember: { meta: { id: "tm" }, tenantId: "host", memberId: "guest" } });
    await world.tenants.delete({ id: "guest" });
    await world.projects.delete({ id: "p" });
    await world.tenants.delete({ id: "host" });
    const { rows } = await sql<{ entry: string }>`
      select kind || ' ' || id || ' ' || string_agg(op, '' order by sequence) as entry from history
      group by kind, id order by 1`.execute(world.db);
    expect(rows.map(({ entry }) => entry)).toEqual([
      "Project p CD",
      "ProjectMember pm CD",
      "Tenant guest CD",
      "Tenant host CD",
      "TenantMember tm CD",
    ]);
  });

  it("tells of projects and members, too, what they were at any time", async () => {
    for (const id of ["host", "guest"]) await world.tenants.create({ tenant: { meta: { id } } });
    const entities = {
      project: {
        store: projects,
        make: (meta: object) => world.projects.create({ project: { meta, tenantId: "host" } }),
        change: (meta: object) => world.projects.update({ project: { meta, tenantId: "host" } }),
        remove: (id: string) => world.projects.delete({ id }),
      },
      tenant: {
        store: tenants,
        make: (meta: object) => world.tenants.create({ tenant: { meta } }),
        change: (meta: object) => world.tenants.update({ tenant: { meta } }),
        remove: (id: string) => world.tenants.delete({ id }),
      },
      projectMember: {
        store: projectMembers,
        make: (meta: object) =>
          world.projectMembers.create({ projectMember: { meta, projectId: "of-members", tenantId: "guest" } }),
        change: (meta: object) =>
          world.projectMembers.update({ projectMember: { meta, projectId: "of-members", tenantId: "guest" } }),
        remove: (id: string) => world.projectMembers.delete({ id }),
      },
      tenantMember: {
        store: tenantMembers,
        make: (meta: object) =>
          world.tenantMembers.create({ tenantMember: { meta, tenantId: "host", memberId: "guest" } }),
        change: (meta: object) =>
          world.tenantMembers.update({ tenantMember: { meta, tenantId: "host", memberId: "guest" } }),
        remove: (id: string) => world.tenantMembers.delete({ id }),
      },
    };
    await world.projects.create({ project: { meta: { id: "of-members" }, tenantId: "host" } });
    const metaOf = (answer: object) => (Object.values(answer).find((value) => value?.meta) as { meta: Meta }).meta;
    for (const { store, make, change, remove } of Object.values(entities)) {
      const first = metaOf(await make({ id: "x", annotations: { is: "first" } }));
      const second = metaOf(await change({ id: "x", annotations: { is: "second" } }));
      await remove("x");
      const at = async (micros: number) =>
        (await store.asOf(world.db, "x", timestampOf(micros))).meta!.annotations["is"];
      const [born, changed] = [microsOf(first.createdTime!), microsOf(second.updatedTime!)];
      await expect(at(born - 1)).rejects.toEqual(code(Code.NotFound));
      expect([await at(born), await at(changed - 1), await at(changed)], store.kind).toEqual([
        "first",
        "first",
        "second",
      ]);
      // Of what is deleted the last content, as the original.
      expect(await at(Date.now() * 1_000 + 60_000_000)).toBe("second");
    }
    const { createdTime } = (await world.projects.create({ project: { meta: { id: "y" }, tenantId: "host" } })).project!
      .meta!;
    expect((await world.projects.getHistory({ id: "y", at: createdTime! })).project!.tenantId).toBe("host");
  });

  it("knows no times outside of the years 1 to 9999", async () => {
    const at = (seconds: bigint, nanos = 0): Timestamp => create(TimestampSchema, { seconds, nanos });
    for (const bad of [at(-62_135_596_801n), at(253_402_300_800n), at(2n ** 62n), at(0n, -1), at(0n, 1_000_000_000)])
      await expect(world.projects.getHistory({ id: "p", at: bad })).rejects.toEqual(code(Code.InvalidArgument));
    await expect(world.projects.getHistory({ id: "p" })).rejects.toEqual(code(Code.InvalidArgument));
    for (const good of [at(-62_135_596_800n), at(253_402_300_799n, 999_999_999), timestampFromDate(new Date())])
      await expect(world.projects.getHistory({ id: "p", at: good })).rejects.toEqual(code(Code.NotFound));
  });
});
