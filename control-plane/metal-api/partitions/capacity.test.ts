import type { PartitionCapacity, ServerCapacity } from "@metal-stack/api-schema";
import * as fc from "fast-check";
import { sql } from "kysely";
import { afterEach, describe, expect, it } from "vitest";
import { sizeReservationRoutes } from "../size-reservations/routes.ts";
import { PARTITION, PROJECT, SIZE, waitingMachine } from "../testing/fleet.ts";
import { createTenant, type Tenant } from "../testing/tenant.ts";
import { capacities, type CountedMachine, type CountedReservation } from "./rules-capacity.ts";
import { partitionRoutes } from "./routes.ts";

const OTHER = "00000000-0000-0000-0000-000000000002";

let tenant: Tenant;
afterEach(() => tenant.world.close());

async function given(machines: number): Promise<void> {
  tenant = await createTenant({ machines }, {}, [partitionRoutes, sizeReservationRoutes]);
}
const capacity = async (query: object = {}) =>
  tenant.world.call<PartitionCapacity[]>("view", "POST", "/v1/partition/capacity", { projectid: null, ...query });
const servers = async (query: object = {}): Promise<ServerCapacity> => {
  const [server] = (await capacity(query)).body[0]!.servers;
  const { faulty: _, faultymachines: __, ...rest } = server!;
  return rest;
};
const reserve = (projectid: string, amount: number) =>
  tenant.world.call("edit", "PUT", "/v1/size/reservations", {
    sizeid: SIZE,
    partitionids: [PARTITION],
    projectid,
    amount,
  });

describe("the capacity of a partition", () => {
  it("counts machines by what can be done with them and by what they do, and what is reserved", async () => {
    await given(4);
    const { db } = tenant.world.context;
    await waitingMachine(db, { state_value: "LOCKED", state_description: "broken" });
    const erasing = await waitingMachine(db, { disks: "erasing" });
    await db.insertInto("provisioning_events").values({ machine_id: erasing, event: "Preparing" }).execute();
    // Never heard of: not counted.
    await db.insertInto("machines").values({ id: "silent", partition_id: PARTITION, size_id: SIZE }).execute();
    const { body } = await tenant.allocate();
    await db.insertInto("provisioning_events").values({ machine_id: body.id, event: "Phoned Home" }).execute();
    const all: ServerCapacity = {
      size: SIZE,
      total: 6,
      phoned_home: 1,
      waiting: 4,
      other: 1,
      othermachines: [erasing],
      allocated: 1,
      allocatable: 3,
      free: 3,
      unavailable: 2,
    };
    expect(await servers()).toEqual(all);
    await reserve(PROJECT, 2);
    await reserve(OTHER, 1);
    const reserved = { ...all, free: 1, reservations: 3, usedreservations: 1, remainingreservations: 2 };
    expect(await servers()).toEqual(reserved);
    expect(await servers({ projectid: OTHER, id: PARTITION, sizeid: SIZE })).toEqual({ ...reserved, free: 2 });
    expect((await capacity({ sizeid: "none" })).body).toEqual([]);
    const unknown = await capacity({ id: "none" });
    expect([unknown.status, unknown.body]).toMatchObject([
      400,
      { message: 'NotFound no partition with id "none" found' },
    ]);
  });

  it("names machines with issues, and puts those of no known size together", async () => {
    await given(1);
    const { db } = tenant.world.context;
    const dead = await waitingMachine(db, {});
    await db.updateTable("machines").set({ size_id: "gone" }).where("id", "=", dead).execute();
    await db
      .updateTable("provisioning_states")
      .set({ last_event_time: sql<Date>`now() - interval '1 hour 5 minutes'` })
      .where("machine_id", "=", dead)
      .execute();
    const [{ servers, ...partition }] = (await capacity()).body as [PartitionCapacity];
    expect(partition).toEqual({ id: PARTITION, name: "", description: "" });
    expect(servers.map(({ size }) => size)).toEqual([SIZE, "unknown"]);
    expect(servers[1]).toMatchObject({ total: 1, unavailable: 1, faulty: 1, faultymachines: [dead] });
  });

  it("promises as many free machines as a project then gets", async () => {
    await given(7);
    await reserve(PROJECT, 2);
    await reserve(OTHER, 3);
    const { free } = await servers({ projectid: PROJECT });
    let got = 0;
    while ((await tenant.allocate()).status === 200) got++;
    expect([free, got]).toEqual([4, 4]);
    expect((await servers({ projectid: OTHER })).free).toBe(3);
    expect((await servers({ projectid: PROJECT })).free).toBeUndefined();
  });
});

describe("counting", () => {
  const ids = fc.constantFrom("a", "b", "c");
  const machine = fc.record({
    partitionId: ids,
    sizeId: ids,
    allocated: fc.boolean(),
    available: fc.boolean(),
    faulty: fc.boolean(),
    event: fc.constantFrom("Phoned Home", "Waiting", "Preparing", undefined),
  });
  const reservation = fc
    .record({
      partition_id: ids,
      size_id: ids,
      project_id: ids,
      amount: fc.integer({ min: 1, max: 9 }),
      part: fc.nat(9),
    })
    .map(({ part, ...rest }): CountedReservation => ({ ...rest, used: Math.min(part, rest.amount) }));

  /** The reference's words (api-resources 8.1), machine by machine. */
  function told(machines: readonly CountedMachine[], reserved: readonly CountedReservation[], project?: string) {
    const book = new Map<string, Record<string, number>>();
    const add = (counters: Record<string, number>, key: string, by = 1) => (counters[key] = (counters[key] ?? 0) + by);
    for (const m of machines) {
      const key = `${m.partitionId}/${m.sizeId}`;
      const counters = book.get(key) ?? {};
      book.set(key, counters);
      add(counters, "total");
      if (m.faulty) add(counters, "faulty");
      if (m.allocated) add(counters, "allocated");
      else if (m.available) {
        add(counters, "allocatable");
        add(counters, "free");
      } else add(counters, "unavailable");
      add(counters, m.event === "Phoned Home" ? "phoned_home" : m.event === "Waiting" ? "waiting" : "other");
    }
    for (const r of reserved) {
      const counters = book.get(`${r.partition_id}/${r.size_id}`);
      if (!counters) continue;
      add(counters, "reservations", r.amount);
      add(counters, "usedreservations", r.used);
      add(counters, "remainingreservations", r.amount - r.used);
      if (r.project_id !== project) counters["free"] = Math.max(0, (counters["free"] ?? 0) - (r.amount - r.used));
    }
    for (const counters of book.values())
      for (const [key, value] of Object.entries(counters)) if (value === 0) delete counters[key];
    return book;
  }

  it("is what the reference tells, and adds up", async () => {
    await given(0);
    fc.assert(
      fc.property(
        fc.array(machine, { maxLength: 30 }),
        fc.array(reservation, { maxLength: 6 }),
        fc.option(ids, { nil: undefined }),
        (random, reserved, project) => {
          const machines = random.map((m, index): CountedMachine => ({ ...m, id: `m${index}` }));
          const counted = new Map<string, Record<string, number>>();
          for (const [partition, servers] of capacities(machines, reserved, project))
            for (const { size, othermachines = [], faultymachines = [], ...counters } of servers) {
              counted.set(`${partition}/${size}`, counters);
              const { allocated = 0, allocatable = 0, unavailable = 0, total = 0 } = counters;
              const { phoned_home = 0, waiting = 0, other = 0, faulty = 0 } = counters;
              expect(allocated + allocatable + unavailable).toBe(total);
              expect(phoned_home + waiting + other).toBe(total);
              expect([othermachines.length, faultymachines.length]).toEqual([other, faulty]);
            }
          expect(counted).toEqual(told(machines, reserved, project));
        },
      ),
    );
  });
});
