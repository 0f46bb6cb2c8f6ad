// Finding the machine. It is claimed by its row lock: nobody else can claim it, and nobody waits for a partition.
import { sql } from "kysely";
import type { Tx } from "../database/schema.ts";
import { unprocessable } from "../errors.ts";
import { type AvailabilityGroup, explainAbsence } from "../machines/rules-availability.ts";
import { available, heardLately, lockMachine, type MachineRow } from "../machines/store.ts";
import { preferredRacks } from "./rules-racks.ts";
import type { Specification } from "./specification.ts";

/** Locks the machine that the specification names or describes. Throws 404, 422. */
export async function claimMachine(tx: Tx, wanted: Specification): Promise<MachineRow> {
  if (wanted.machineId !== undefined) return claimThis(tx, wanted.machineId);
  const racks = await preferred(tx, wanted);
  const machine =
    (racks.length > 0 ? await lockOne(tx, wanted, racks, "skip locked") : undefined) ??
    (await lockOne(tx, wanted, undefined, "skip locked")) ??
    // Those that are left are locked: wait and see whether they are given to somebody else, or were only written to.
    (await lockOne(tx, wanted, undefined, ""));
  if (!machine) throw await noMachine(tx, wanted);
  return { ...machine, allocation: null };
}

/** A wish for one machine overrides an operator's reservation, but no lock, no tenant, and no missing erase. */
async function claimThis(tx: Tx, id: string): Promise<MachineRow> {
  const machine = await lockMachine(tx, id);
  if (machine.allocation) throw unprocessable(`machine "${id}" already allocated`);
  if (machine.state_value === "LOCKED") throw unprocessable(`machine "${id}" is locked: ${machine.state_description}`);
  if (machine.disks !== "erased")
    throw unprocessable(
      `machine "${id}" cannot be allocated before its disks are proven erased, they are: ${machine.disks}`,
    );
  return machine;
}

async function preferred(tx: Tx, wanted: Specification): Promise<string[]> {
  const racks = await sql<{ rack: string }>`
    select distinct machines.rack_id as rack
    from machines left join provisioning_states on provisioning_states.machine_id = machines.id
    where partition_id = ${wanted.partitionId} and size_id = ${wanted.sizeId} and ${available}`.execute(tx);
  const project = await tx
    .selectFrom("machines")
    .innerJoin("allocations", "allocations.machine_id", "machines.id")
    .select(["machines.rack_id as rackId", "machines.tags"])
    .where("machines.partition_id", "=", wanted.partitionId)
    .where("machines.size_id", "=", wanted.sizeId)
    .where("allocations.project_id", "=", wanted.projectId)
    .where("allocations.role", "=", wanted.role)
    .execute();
  return preferredRacks(
    racks.rows.map(({ rack }) => rack),
    project,
    wanted.placementTags,
  );
}

/**
 * Locks one available machine, any of them with equal chance. PostgreSQL looks at the row again after locking it, so a
 * machine that was taken meanwhile is passed over.
 */
async function lockOne(
  tx: Tx,
  wanted: Specification,
  racks: readonly string[] | undefined,
  busy: "skip locked" | "",
): Promise<Omit<MachineRow, "allocation"> | undefined> {
  const { rows } = await sql<Omit<MachineRow, "allocation">>`
    select machines.*
    from machines left join provisioning_states on provisioning_states.machine_id = machines.id
    where partition_id = ${wanted.partitionId} and size_id = ${wanted.sizeId} and ${available}
      and ${racks === undefined ? sql`true` : sql`rack_id = any(${racks}::text[])`}
    order by random() limit 1 for update of machines ${sql.raw(busy)}`.execute(tx);
  return rows[0];
}

async function noMachine(tx: Tx, { partitionId, sizeId }: Specification): Promise<Error> {
  const { rows } = await sql<AvailabilityGroup>`
    select count(*) as count, allocations.uuid is not null as allocated, state_value as state, disks,
      coalesce(waiting_until > now(), false) as waiting, ${heardLately()} as alive
    from machines
      left join provisioning_states on provisioning_states.machine_id = machines.id
      left join allocations on allocations.machine_id = machines.id
    where partition_id = ${partitionId} and size_id = ${sizeId}
    group by allocated, state_value, disks, waiting, alive`.execute(tx);
  return unprocessable(`no machine available: ${explainAbsence(sizeId, partitionId, rows)}`);
}
