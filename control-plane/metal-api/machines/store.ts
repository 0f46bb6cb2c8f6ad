import { type Selectable, sql, type SqlBool, type UpdateObject } from "kysely";
import { type AllocationRow, allocationsOf } from "../allocation/store.ts";
import type { Ipmi } from "../database/documents.ts";
import type { Db, Schema, Tx } from "../database/schema.ts";
import { notFound } from "../errors.ts";
import { machineConditions, type MachineQuery } from "./query.ts";

/** A machine and, while it has one, its allocation. */
export type MachineRow = Selectable<Schema["machines"]> & { readonly allocation: AllocationRow | null };

/** The machines that match, by id: two queries, however many there are. */
export async function findMachines(db: Db, query: MachineQuery): Promise<MachineRow[]> {
  const machines = await db
    .selectFrom("machines")
    .leftJoin("allocations", "allocations.machine_id", "machines.id")
    .selectAll("machines")
    .where((where) => where.and(machineConditions(query)))
    .orderBy("machines.id")
    .execute();
  return withAllocations(db, machines);
}

async function withAllocations(db: Db, machines: readonly Selectable<Schema["machines"]>[]): Promise<MachineRow[]> {
  const allocations = await allocationsOf(
    db,
    machines.map(({ id }) => id),
  );
  return machines.map((machine) => ({ ...machine, allocation: allocations.get(machine.id) ?? null }));
}

/** Those of these machines that exist, in any order. */
export async function machinesByIds(db: Db, ids: readonly string[]): Promise<MachineRow[]> {
  // One parameter: PostgreSQL takes no more than 65 535.
  const machines = await db
    .selectFrom("machines")
    .selectAll()
    .where("id", "=", sql<string>`any(${ids}::text[])`)
    .execute();
  return withAllocations(db, machines);
}

/** What metal-bmc said of the BMCs of these machines. */
export async function bmcsOf(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, Ipmi | null>> {
  const rows = await db
    .selectFrom("machines")
    .select(["id", "ipmi"])
    .where("id", "=", sql<string>`any(${ids}::text[])`)
    .execute();
  return new Map(rows.map(({ id, ipmi }) => [id, ipmi]));
}

/** Throws 404. */
export async function machineById(db: Db, id: string): Promise<MachineRow> {
  const machine = await db.selectFrom("machines").selectAll().where("id", "=", id).executeTakeFirst();
  if (!machine) throw notFound("machine", id);
  return (await withAllocations(db, [machine]))[0]!;
}

/** Reads a machine that is about to change; others wait until the transaction ends. Throws 404. */
export async function lockMachine(tx: Tx, id: string): Promise<MachineRow> {
  const machine = await tx.selectFrom("machines").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
  if (!machine) throw notFound("machine", id);
  return (await withAllocations(tx, [machine]))[0]!;
}

/** Writes what an operator or a tenant changed. The row must be locked. */
export async function updateMachineRow(tx: Tx, id: string, changes: UpdateObject<Schema, "machines">): Promise<void> {
  await tx
    .updateTable("machines")
    .set((row) => ({ ...changes, changed: sql<Date>`now()`, version: row("version", "+", 1) }))
    .where("id", "=", id)
    .execute();
}

/** Over `machines`, as `liveliness` in provisioning/rules. */
export const heardLately = sql<SqlBool>`coalesce(
  (select s.last_event_time >= now() - interval '5 minutes' from provisioning_states s where s.machine_id = machines.id), false)`;

/**
 * A machine that can be allocated to whoever comes: nobody has it, no operator keeps it, its disks are proven erased, it
 * waits for instructions and was heard within five minutes. Over `machines`. Scalar subqueries, because PostgreSQL would
 * join whole tables to find one machine; these are looked up in the row that an index found.
 */
export const available = sql<SqlBool>`
  machines.state_value = '' and machines.disks = 'erased' and machines.waiting_until > now()
  and ${heardLately} and (select a.uuid from allocations a where a.machine_id = machines.id) is null`;
