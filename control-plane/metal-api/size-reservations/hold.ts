// Who allocates a machine of a size with reservations does so alone in the partition, until it is committed: only so do all
// count the same machines. Where nothing is reserved nobody waits for anybody, except for who makes the first reservation.
import { sql } from "kysely";
import type { Tx } from "../database/schema.ts";
import { reservationUsage, type UsageRow } from "./store.ts";

const keyOf = (partitionId: string, sizeId: string) =>
  sql`hashtextextended(${`reservations:${partitionId}/${sizeId}`}, 0)`;

/** The reservations of a size in a partition, which stay as they are used until the transaction ends. */
export async function holdReservations(tx: Tx, partitionId: string, sizeId: string): Promise<UsageRow[]> {
  const key = keyOf(partitionId, sizeId);
  const reserved = sql<boolean>`exists (
    select from size_reservations join size_reservation_partitions on reservation_id = id
    where size_id = ${sizeId} and partition_id = ${partitionId})`;
  const before = await sql<{ alone: boolean }>`
    with reserved as materialized (select ${reserved} as alone)
    select alone, case when alone then pg_advisory_xact_lock(${key}) else pg_advisory_xact_lock_shared(${key}) end
    from reserved`.execute(tx);
  if (!before.rows[0]!.alone) {
    // A new statement, because the last one saw the world as it was before it waited.
    const { rows } = await sql<{ made: boolean }>`select ${reserved} as made`.execute(tx);
    if (!rows[0]!.made) return [];
    // The first was made between the two. If another waits here as well, one of both is run again.
    await holdReservationsAlone(tx, [partitionId], sizeId);
  }
  return reservationUsage(tx, { partitionid: partitionId, sizeid: sizeId });
}

/** Nobody allocates a machine of this size in these partitions until the transaction ends. */
export async function holdReservationsAlone(tx: Tx, partitionIds: readonly string[], sizeId: string): Promise<void> {
  for (const partitionId of partitionIds.toSorted())
    await sql`select pg_advisory_xact_lock(${keyOf(partitionId, sizeId)})`.execute(tx);
}
