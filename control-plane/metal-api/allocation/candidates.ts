// Finding the machine. It is claimed by its row lock: nobody else can claim it, and nobody waits for a partition.
import { randomInt, randomUUID } from "node:crypto";
import { type RawBuilder, sql, type SqlBool } from "kysely";
import type { Tx } from "../database/schema.ts";
import { available, lockMachine, type MachineRow } from "../machines/store.ts";
import { holdReservations } from "../size-reservations/hold.ts";
import { type ReservationUse, reservedForOthers } from "../size-reservations/rules.ts";
import { noMachine, unfit } from "./refusal.ts";
import { preferredRacks, type RackUse } from "./rules-racks.ts";
import type { Specification } from "./specification.ts";

/** Locks the machine that the specification names or describes. Throws 404, 422. */
export async function claimMachine(tx: Tx, wanted: Specification): Promise<MachineRow> {
  const reservations = await holdReservations(tx, wanted.partitionId, wanted.sizeId);
  if (wanted.machineId !== undefined) return claimThis(tx, wanted, wanted.machineId, reservations);
  await checkReservations(tx, wanted, reservations);
  const machine =
    (await lockSpread(tx, wanted)) ??
    // Those that are left are locked: wait and see whether they are given to somebody else, or were only written to.
    (await lockAny(tx, wanted, undefined, ""));
  if (!machine) throw await noMachine(tx, wanted);
  return { ...machine, allocation: null };
}

/** Throws 422 when all machines that the project could have are kept for others. */
async function checkReservations(
  tx: Tx,
  wanted: Specification,
  reservations: readonly ReservationUse[],
): Promise<void> {
  if (reservations.length === 0) return;
  const count = (await availableIds(tx, wanted)).length;
  const kept = count > 0 ? reservedForOthers(wanted.projectId, count, reservations) : undefined;
  if (kept !== undefined) throw await noMachine(tx, wanted, kept);
}

/** Whoever allocates one of them has the size's reservations to himself, so that they are all committed or all untouched. */
async function availableIds(tx: Tx, { partitionId, sizeId }: Specification): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from machines
    where partition_id = ${partitionId} and size_id = ${sizeId} and ${available}`.execute(tx);
  return rows.map(({ id }) => id);
}

/**
 * A wish for one machine overrides an operator's reservation of it, but no lock, no tenant, no missing erase, and no
 * reservation of its size.
 */
async function claimThis(
  tx: Tx,
  wanted: Specification,
  id: string,
  reservations: readonly ReservationUse[],
): Promise<MachineRow> {
  const machine = await lockMachine(tx, id);
  const because = (reason: string) => unfit(id, `machine "${id}" ${reason}`, reason);
  if (machine.allocation) throw because("already allocated");
  if (machine.state_value === "LOCKED") throw because(`is locked: ${machine.state_description}`);
  if (machine.disks !== "erased")
    throw because(`cannot be allocated before its disks are proven erased, they are: ${machine.disks}`);
  // What nobody could get by its size takes nothing away from anybody.
  if (reservations.length > 0 && (await availableIds(tx, wanted)).includes(id))
    await checkReservations(tx, wanted, reservations);
  return machine;
}

/** Locks a machine of the rack that suits best, or of the next best when all of that one are locked. */
async function lockSpread(tx: Tx, wanted: Specification): Promise<Omit<MachineRow, "allocation"> | undefined> {
  let racks = await racksWithMachines(tx, wanted);
  let used: readonly RackUse[] = [];
  if (racks.length > 1) {
    await spreadAlone(tx, wanted);
    racks = await racksWithMachines(tx, wanted);
    used = await racksInUse(tx, wanted);
  }
  while (racks.length > 0) {
    const preferred = preferredRacks(racks, used);
    const machine = (await lockNear(tx, wanted, preferred)) ?? (await lockAny(tx, wanted, preferred, "skip locked"));
    if (machine) return machine;
    racks = racks.filter((rack) => !preferred.includes(rack));
  }
  return undefined;
}

/** Two machines of a project that are chosen at once would not see each other: such choices come one after the other. */
async function spreadAlone(tx: Tx, { partitionId, sizeId, projectId, role }: Specification): Promise<void> {
  const key = `spread:${partitionId}/${sizeId}/${projectId}/${role}`;
  await sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`.execute(tx);
}

/** From rack to rack through the index, however many machines they hold. */
async function racksWithMachines(tx: Tx, wanted: Specification): Promise<string[]> {
  const candidates = sql`from machines where partition_id = ${wanted.partitionId} and size_id = ${wanted.sizeId}
    and state_value = '' and disks = 'erased'`;
  const racks = await sql<{ rack: string }>`
    with recursive racks (rack) as (
      select min(rack_id) ${candidates}
      union all
      select (select min(rack_id) ${candidates} and rack_id > rack) from racks where rack is not null
    )
    select rack from racks cross join lateral (
      select from machines
      where partition_id = ${wanted.partitionId} and size_id = ${wanted.sizeId} and rack_id = rack and ${available}
      order by id limit 1) one`.execute(tx);
  return racks.rows.map(({ rack }) => rack);
}

async function racksInUse(tx: Tx, wanted: Specification): Promise<readonly RackUse[]> {
  const { rows } = await sql<RackUse>`
    select rack_id as "rackId", count(*) as machines, coalesce(sum((
      select count(*) from unnest(m.tags) tag where tag = any(${wanted.placementTags}::text[]))), 0)::bigint as tagged
    from machines m join allocations a on a.machine_id = m.id
    where m.partition_id = ${wanted.partitionId} and m.size_id = ${wanted.sizeId}
      and a.project_id = ${wanted.projectId} and a.role = ${wanted.role}
    group by rack_id`.execute(tx);
  return rows;
}

/**
 * Locks an available machine of one of these racks, the first one from a random place on: the cost does not grow with the
 * number of machines, and parallel allocations rarely meet.
 */
async function lockNear(
  tx: Tx,
  wanted: Specification,
  racks: readonly string[],
): Promise<Omit<MachineRow, "allocation"> | undefined> {
  const rack = racks[randomInt(racks.length)]!;
  const place = randomUUID();
  const from = (part: RawBuilder<SqlBool>) =>
    lock(tx, wanted, sql`rack_id = ${rack} and ${part} order by id`, "skip locked");
  return (await from(sql`id >= ${place}`)) ?? (await from(sql`id < ${place}`));
}

/** Locks one available machine, any of them with equal chance. */
function lockAny(tx: Tx, wanted: Specification, racks: readonly string[] | undefined, busy: "skip locked" | "") {
  const within = racks === undefined ? sql`true` : sql`rack_id = any(${racks}::text[])`;
  return lock(tx, wanted, sql`${within} order by random()`, busy);
}

/** PostgreSQL looks at the row again after locking it, so a machine that was taken meanwhile is passed over. */
async function lock(
  tx: Tx,
  wanted: Specification,
  which: RawBuilder<unknown>,
  busy: "skip locked" | "",
): Promise<Omit<MachineRow, "allocation"> | undefined> {
  const { rows } = await sql<Omit<MachineRow, "allocation">>`
    select machines.* from machines
    where partition_id = ${wanted.partitionId} and size_id = ${wanted.sizeId} and ${available} and ${which}
    limit 1 for update ${sql.raw(busy)}`.execute(tx);
  return rows[0];
}
