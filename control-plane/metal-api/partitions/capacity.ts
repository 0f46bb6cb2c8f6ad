// Reads what the capacity of partitions is counted from, all at one moment.
import type { PartitionCapacity, PartitionCapacityRequest } from "@metal-stack/api-schema";
import { sql } from "kysely";
import type { Db, Tx } from "../database/schema.ts";
import { type IssueMachine, issueSubjects } from "../machines/inspection.ts";
import { available } from "../machines/store.ts";
import { evaluateIssues } from "../provisioning/issues/index.ts";
import { reservationUsage } from "../size-reservations/store.ts";
import { UNKNOWN_SIZE } from "../sizes/rules.ts";
import { capacities, type CountedMachine } from "./rules-capacity.ts";
import { partitionById, partitions } from "./store.ts";

/** Throws 404 for an unknown partition. */
export function partitionCapacities(db: Db, query: PartitionCapacityRequest, now: Date): Promise<PartitionCapacity[]> {
  const { id, sizeid, projectid } = query;
  return db
    .transaction()
    .setIsolationLevel("repeatable read")
    .setAccessMode("read only")
    .execute(async (tx) => {
      const known = id === undefined ? await partitions(tx) : [await partitionById(tx, id)];
      // Of all sizes, because machines are compared with one another to find what ails them.
      const machines = (await countedMachines(tx, id, now)).filter(
        (machine) => sizeid === undefined || machine.storedSizeId === sizeid,
      );
      const reserved = await reservationUsage(tx, { ...(id !== undefined && { partitionid: id }) });
      const servers = capacities(machines, reserved, projectid);
      return known.flatMap(({ id, name, description }) =>
        servers.has(id) ? [{ id, name, description, servers: servers.get(id)! }] : [],
      );
    });
}

/** The machines that were ever heard of. */
async function countedMachines(
  tx: Tx,
  partitionId: string | undefined,
  now: Date,
): Promise<(CountedMachine & { storedSizeId: string })[]> {
  const { rows } = await sql<IssueMachine & { size_id: string; size_known: boolean; available: boolean }>`
    select machines.id, partition_id, size_id, ipmi, disks, disks_reason, sizes.id is not null as size_known,
      ${available} as available,
      case when allocations.uuid is null then null
        else jsonb_build_object('role', allocations.role, 'networks', allocations.networks) end as allocation
    from machines
      left join allocations on allocations.machine_id = machines.id
      left join sizes on sizes.id = size_id
    where ${partitionId === undefined ? sql`partition_id is not null` : sql`partition_id = ${partitionId}`}
    order by machines.id`.execute(tx);
  const subjects = await issueSubjects(tx, rows, now);
  const issues = evaluateIssues(subjects, { omit: ["last-event-error"] }, now);
  return rows.flatMap((machine, index) => {
    const { container } = subjects[index]!;
    if (!container) return [];
    return {
      id: machine.id,
      partitionId: machine.partition_id!,
      sizeId: machine.size_known ? machine.size_id : UNKNOWN_SIZE,
      storedSizeId: machine.size_id,
      allocated: machine.allocation !== null,
      available: machine.available,
      faulty: issues.has(machine.id),
      event: container.events[0]?.event,
    };
  });
}
