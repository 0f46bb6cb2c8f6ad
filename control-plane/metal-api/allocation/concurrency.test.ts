import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { afterEach, describe, expect, it } from "vitest";
import { multiplyMachine } from "../testing/multiply.ts";
import { proveErased } from "../testing/proof.ts";
import { books, createTenant, type Tenant } from "../testing/tenant.ts";

let tenant: Tenant;
async function given(...parameters: Parameters<typeof createTenant>): Promise<void> {
  tenant = await createTenant(...parameters);
}
afterEach(() => tenant.world.close());

describe("many allocations at once", () => {
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

  it("500 of 1 000 machines that wait: 500 machines, and no error", { timeout: 180_000 }, async () => {
    await given({ machines: 1, internet: ["198.18.0.0/15"] });
    const { db } = tenant.world.context;
    await multiplyMachine(db, tenant.fleet.machines[0]!, [2, 1000]);
    const answers = await Promise.all(Array.from({ length: 500 }, () => tenant.allocate()));
    expect(answers.filter(({ status }) => status !== 200).map(({ body }) => body)).toEqual([]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(500);
    expect(await books(db)).toMatchObject({ allocations: 500, ips: 1000, addresses: 1000, used: 500, asns: 500 });
  });

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
