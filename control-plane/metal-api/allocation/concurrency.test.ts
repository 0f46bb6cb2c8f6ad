import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { MachineResponse } from "@metal-stack/api-schema";
import { json } from "@metal-stack/database";
import { sql } from "kysely";
import { afterEach, describe, expect, it } from "vitest";
import { transact } from "../database/transaction.ts";
import { allocateChildNetwork } from "../networks/commands.ts";
import { PARTITION, PROJECT, SIZE, waitingMachine } from "../testing/fleet.ts";
import { multiplyMachine } from "../testing/multiply.ts";
import { proveErased } from "../testing/proof.ts";
import { startMetalApi } from "../testing/start-process.ts";
import { books, createTenant, type Tenant } from "../testing/tenant.ts";
import { signed, TEST_ENVIRONMENT } from "../testing/world.ts";

const OTHER = "00000000-0000-0000-0000-000000000002";

let tenant: Tenant;
async function given(...parameters: Parameters<typeof createTenant>): Promise<void> {
  tenant = await createTenant(...parameters);
}
afterEach(() => tenant.world.close());

/** How many machines of the project stand in each rack, by rack. */
async function spread(project: string, size = SIZE): Promise<number[]> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from machines join allocations on machine_id = id
    where project_id = ${project} and size_id = ${size} group by rack_id order by rack_id`.execute(
    tenant.world.context.db,
  );
  return rows.map(({ count }) => count);
}

/** Another project, with a network of its own. */
async function stranger(): Promise<object> {
  const network = await transact(tenant.world.context.db, (tx) =>
    allocateChildNetwork(tx, { name: "other", partitionid: PARTITION, projectid: OTHER }),
  );
  return { projectid: OTHER, networks: [{ networkid: network.id }] };
}

/** Machines of the size, so many a rack. */
async function waiting(size: string, racks: readonly string[], each: number): Promise<void> {
  const { db } = tenant.world.context;
  for (const rack of racks)
    for (let number = 0; number < each; number++) await waitingMachine(db, { rack, size_id: size });
}

describe("many allocations at once", () => {
  it("are spread over the racks as if they came one after the other, each project and role for itself", async () => {
    await given({ machines: 32, racks: 4 });
    const other = await stranger();
    const firewall = { imageid: "firewall-ubuntu-3.0" };
    const answers = await Promise.all([
      ...Array.from({ length: 12 }, () => tenant.allocate()),
      ...Array.from({ length: 8 }, () => tenant.allocate(other)),
      ...Array.from({ length: 4 }, () =>
        tenant.world.call<MachineResponse>("edit", "POST", "/v1/firewall/allocate", tenant.request(firewall)),
      ),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const racks = (of: typeof answers) =>
      Object.values(Object.groupBy(of, ({ body }) => body.rackid!)).map((l) => l!.length);
    expect(racks(answers.slice(0, 12))).toEqual([3, 3, 3, 3]);
    expect(await spread(OTHER)).toEqual([2, 2, 2, 2]);
    expect(racks(answers.slice(20))).toEqual([1, 1, 1, 1]);
  });

  it("with placement tags keep apart what carries them, also where the project is already", async () => {
    await given({ machines: 24, racks: 3 });
    for (let number = 0; number < 4; number++) await tenant.allocate();
    const tagged = { tags: ["db"], placement_tags: ["db"] };
    const answers = await Promise.all(Array.from({ length: 9 }, () => tenant.allocate(tagged)));
    const racks = Object.groupBy(answers, ({ body }) => body.rackid!);
    expect(Object.values(racks).map((list) => list!.length)).toEqual([3, 3, 3]);
  });

  it(
    "of two sizes, one of them reserved, asked of two metal-apis: nothing twice, all spread, and what is reserved is kept",
    {
      timeout: 120_000,
    },
    async () => {
      await given({ machines: 18, racks: 3 });
      const { db } = tenant.world.context;
      const large = "c1-large-x86";
      await sql`insert into sizes select (jsonb_populate_record(null::sizes, to_jsonb(s) || jsonb_build_object('id', ${large}::text))).* from sizes s`.execute(
        db,
      );
      await db
        .updateTable("filesystem_layouts")
        .set({ constraints: json({ sizes: [SIZE, large], images: { debian: "*" } }) })
        .execute();
      await waiting(large, ["rack-1", "rack-2", "rack-3"], 4);
      const other = await stranger();
      // Of 12 large ones 5 are kept for the project, which has none yet: 7 are for others.
      await db
        .insertInto("size_reservations")
        .values({ id: "r", size_id: large, project_id: PROJECT, amount: 5 })
        .execute();
      await db
        .insertInto("size_reservation_partitions")
        .values({ reservation_id: "r", partition_id: PARTITION, ordinal: 0 })
        .execute();
      const apis = await Promise.all([1, 2].map(() => startMetalApi(tenant.world.url, TEST_ENVIRONMENT)));
      const ask = async (index: number, more: object) => {
        const answer = await fetch(`http://127.0.0.1:${apis[index % 2]!.restPort}/v1/machine/allocate`, {
          method: "POST",
          headers: { ...signed("edit", "POST", new Date()), "content-type": "application/json" },
          body: JSON.stringify(tenant.request(more)),
        });
        const body: unknown = await answer.json();
        return {
          status: answer.status,
          body: (typeof body === "string" ? JSON.parse(body) : body) as MachineResponse & { message: string },
        };
      };
      const times = <T>(count: number, of: (index: number) => Promise<T>) =>
        Promise.all(Array.from({ length: count }, (_, index) => of(index)));
      const [small, others, own] = await Promise.all([
        times(18, (index) => ask(index, {})),
        times(12, (index) => ask(index, { ...other, sizeid: large })),
        times(5, (index) => ask(index, { sizeid: large })),
      ]);
      for (const { child } of apis) child.kill();
      await Promise.all(apis.map(({ child }) => once(child, "exit")));
      const won = (answers: typeof small) => answers.filter(({ status }) => status === 200);
      expect([won(small).length, won(others).length, won(own).length]).toEqual([18, 7, 5]);
      for (const { status, body } of others.filter(({ status }) => status !== 200))
        expect([status, body.message]).toEqual([422, expect.stringContaining("no machine available: ")]);
      const ids = [small, others, own].flatMap((answers) => won(answers).map(({ body }) => body.id));
      expect(new Set(ids).size).toBe(30);
      expect(await spread(PROJECT)).toEqual([6, 6, 6]);
      expect((await spread(OTHER, large)).reduce((sum, count) => sum + count)).toBe(7);
      expect(await books(db)).toMatchObject({
        allocations: 30,
        used: 30,
        asns: 30,
        ips: 53,
        addresses: 53,
        counted: 53,
      });
    },
  );

  it("50 over 10 machines and 6 addresses: no machine and no address twice, nothing left behind by those that failed", async () => {
    await given({ machines: 10, racks: 2, internet: ["203.0.113.0/29"] });
    const before = await books(tenant.world.context.db);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => tenant.allocate({ name: `web-${index}` })),
    );
    const won = answers.filter(({ status }) => status === 200).map(({ body }) => body);
    expect(won.length).toBe(6);
    expect(new Set(won.map(({ id }) => id)).size).toBe(6);
    const ips = won.flatMap(({ allocation }) => allocation!.networks.flatMap(({ ips }) => ips));
    expect(new Set(ips).size).toBe(12);
    expect(new Set(won.map(({ allocation }) => allocation!.networks[0]!.asn)).size).toBe(6);
    for (const { status, body } of answers.filter(({ status }) => status !== 200)) {
      const { message } = body as unknown as { message: string };
      expect([status, message], message).toEqual([500, expect.stringContaining("no ips left")]);
    }
    expect(await books(tenant.world.context.db)).toMatchObject({
      allocations: 6,
      ips: 12,
      addresses: 12,
      counted: 12,
      used: 6,
      asns: 6,
    });
    await Promise.all(won.map(({ id }) => tenant.free(id)));
    expect(await books(tenant.world.context.db)).toEqual(before);
  });

  it(
    "500 of 1 000 machines that wait in 4 racks: 500 machines, 125 a rack, and no error",
    { timeout: 180_000 },
    async () => {
      await given({ machines: 1, racks: 4, internet: ["198.18.0.0/15"] });
      const { db } = tenant.world.context;
      const rack = sql`jsonb_build_object('rack_id', 'rack-' || 1 + made.number % 4)`;
      await multiplyMachine(db, tenant.fleet.machines[0]!, [2, 1000], rack);
      const answers = await Promise.all(Array.from({ length: 500 }, () => tenant.allocate()));
      expect(answers.filter(({ status }) => status !== 200).map(({ body }) => body)).toEqual([]);
      expect(new Set(answers.map(({ body }) => body.id)).size).toBe(500);
      expect(await spread(PROJECT)).toEqual([125, 125, 125, 125]);
      expect(await books(db)).toMatchObject({ allocations: 500, ips: 1000, addresses: 1000, used: 500, asns: 500 });
    },
  );

  it(
    "and frees of the same machines again and again end with everything accounted for",
    { timeout: 60_000 },
    async () => {
      await given({ machines: 4 });
      const before = await books(tenant.world.context.db);
      const { db } = tenant.world.context;
      await Promise.all(
        Array.from({ length: 6 }, async () => {
          for (let round = 0; round < 4; round++) {
            const { status, body } = await tenant.allocate();
            if (status !== 200) continue;
            await Promise.all([tenant.free(body.id), tenant.free(body.id)]);
            // The hammer proves the erase and waits again.
            await db.updateTable("releases").set({ finished: new Date() }).where("machine_id", "=", body.id).execute();
            await proveErased(db, body.id);
            await db
              .updateTable("machines")
              .set({ waiting_until: sql<Date>`now() + interval '1 hour'` })
              .where("id", "=", body.id)
              .execute();
          }
        }),
      );
      expect(await books(tenant.world.context.db)).toEqual(before);
    },
  );

  it("survive connections that are cut in the middle: what is not answered did not happen, or is complete", async () => {
    await given({ machines: 10 });
    const { db } = tenant.world.context;
    const answered = new AbortController();
    const cutter = (async () => {
      while (!answered.signal.aborted) {
        await sql`
          select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid() and state like '%transaction%'
          order by random() limit 1`
          .execute(db)
          .catch(() => undefined);
        await sleep(3);
      }
    })();
    const answers = await Promise.all(Array.from({ length: 50 }, () => tenant.allocate()));
    answered.abort();
    await cutter;
    const won = answers.filter(({ status }) => status === 200).map(({ body }) => body.id);
    const { rows } = await sql<{ machine_id: string; ips: number; disks: string }>`
      select machine_id, disks, (select count(*) from ips where tags @> array['machine.metal-stack.io/id=' || machine_id]) as ips
      from allocations join machines on machines.id = machine_id`.execute(db);
    expect(rows.map(({ machine_id }) => machine_id)).toEqual(expect.arrayContaining(won));
    expect(new Set(won).size).toBe(won.length);
    expect(rows.every(({ ips, disks }) => ips === 2 && disks === "in-use")).toBe(true);
    expect(await books(tenant.world.context.db)).toMatchObject({
      allocations: rows.length,
      ips: 2 * rows.length,
      addresses: 2 * rows.length,
      counted: 2 * rows.length,
      used: rows.length,
      asns: rows.length,
    });
  });
});
