import type { SizeReservationListRequest } from "@metal-stack/api-schema";
import { type Insertable, type Selectable, sql, type Updateable } from "kysely";
import type { Db, Schema, Tx } from "../database/schema.ts";
import { alreadyExists, changedMeanwhile, notFound } from "../errors.ts";

type Row = Selectable<Schema["size_reservations"]>;

export type SizeReservationRow = Row & { readonly partition_ids: readonly string[] };

/** A reservation in one of its partitions. */
export interface UsageRow extends Row {
  readonly partition_id: string;
  /** Machines of the size that the project has in the partition. */
  readonly allocations: number;
  /** How many of them count for this reservation: with several of one project, the older is filled first. */
  readonly used: number;
}

const partitionIds = sql<string[]>`
  (select array_agg(partition_id order by ordinal) from size_reservation_partitions where reservation_id = size_reservations.id)`;

type Query = SizeReservationListRequest & {
  /** Only those of these projects. */
  readonly within?: readonly string[] | undefined;
};

export function sizeReservations(db: Db, query: Query = {}): Promise<SizeReservationRow[]> {
  let select = db.selectFrom("size_reservations").selectAll().select(partitionIds.as("partition_ids")).orderBy("id");
  if (query.id !== undefined) select = select.where("id", "=", query.id);
  if (query.projectid !== undefined) select = select.where("project_id", "=", query.projectid);
  if (query.sizeid !== undefined) select = select.where("size_id", "=", query.sizeid);
  if (query.within) select = select.where("project_id", "in", query.within);
  if (query.partitionid !== undefined)
    select = select.where(
      sql<boolean>`exists (select from size_reservation_partitions where reservation_id = id and partition_id = ${query.partitionid})`,
    );
  return select.execute();
}

/** @throws 404 */
export async function sizeReservationById(db: Db, id: string): Promise<SizeReservationRow> {
  const [row] = await sizeReservations(db, { id });
  if (!row) throw notFound("sizereservation", id);
  return row;
}

/** How reservations are used, one row a partition. All that is counted anywhere is counted here. */
export async function reservationUsage(db: Db, query: Query = {}): Promise<UsageRow[]> {
  const equal = (column: string, value: string | undefined) =>
    value === undefined ? sql`true` : sql`${sql.ref(column)} = ${value}`;
  const { rows } = await sql<UsageRow>`
    select reserved.*, least(amount, greatest(0, allocations - filled)) as used
    from (
      select r.*, p.partition_id, p.ordinal, allocations,
        coalesce(sum(amount) over (partition by r.project_id, r.size_id, p.partition_id order by r.created, r.id
          rows between unbounded preceding and 1 preceding), 0) as filled
      from size_reservations r
        join size_reservation_partitions p on p.reservation_id = r.id
        cross join lateral (
          select count(*) as allocations from allocations a join machines m on m.id = a.machine_id
          where a.project_id = r.project_id and m.partition_id = p.partition_id and m.size_id = r.size_id
        ) as counted
      where ${equal("r.project_id", query.projectid)} and ${equal("r.size_id", query.sizeid)}
        and ${equal("p.partition_id", query.partitionid)}
        and ${query.within ? sql`r.project_id = any(${query.within}::text[])` : sql`true`}
    ) as reserved
    where ${equal("id", query.id)}
    order by project_id, size_id, id, ordinal`.execute(db);
  return rows;
}

/** @throws 409 when the id is taken */
export async function insertSizeReservation(
  tx: Tx,
  row: Insertable<Schema["size_reservations"]>,
  partitions: readonly string[],
): Promise<SizeReservationRow> {
  const inserted = await tx
    .insertInto("size_reservations")
    .values(row)
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returningAll()
    .executeTakeFirstOrThrow(() => alreadyExists("sizereservation", row.id));
  await insertPartitions(tx, row.id, partitions);
  return { ...inserted, partition_ids: partitions };
}

/** @throws 409 when `seen` is no longer the stored version */
export async function updateSizeReservation(
  tx: Tx,
  seen: { id: string; version: number },
  changes: Updateable<Schema["size_reservations"]>,
  partitions: readonly string[],
): Promise<SizeReservationRow> {
  const updated = await tx
    .updateTable("size_reservations")
    .set(changes)
    .where("id", "=", seen.id)
    .where("version", "=", seen.version)
    .returningAll()
    .executeTakeFirstOrThrow(() => changedMeanwhile("sizereservation", seen.id));
  await tx.deleteFrom("size_reservation_partitions").where("reservation_id", "=", seen.id).execute();
  await insertPartitions(tx, seen.id, partitions);
  return { ...updated, partition_ids: partitions };
}

async function insertPartitions(tx: Tx, id: string, partitions: readonly string[]): Promise<void> {
  await tx
    .insertInto("size_reservation_partitions")
    .values(partitions.map((partition_id, ordinal) => ({ reservation_id: id, partition_id, ordinal })))
    .execute();
}

/** @throws 404 */
export async function deleteSizeReservation(tx: Tx, id: string): Promise<SizeReservationRow> {
  const row = await sizeReservationById(tx, id);
  await tx.deleteFrom("size_reservations").where("id", "=", id).execute();
  return row;
}
