import type { Changes } from "@metal-stack/database";
import type { Insertable, Selectable } from "kysely";
import type { Db, Schema } from "../database/schema.ts";
import { alreadyExists, changedMeanwhile, notFound } from "../errors.ts";

export type PartitionRow = Selectable<Schema["partitions"]>;

export function partitions(db: Db): Promise<PartitionRow[]> {
  return db.selectFrom("partitions").selectAll().orderBy("id").execute();
}

/** @throws 404 */
export function partitionById(db: Db, id: string): Promise<PartitionRow> {
  return db
    .selectFrom("partitions")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirstOrThrow(() => notFound("partition", id));
}

/** @throws 409 when the id is taken */
export function insertPartition(db: Db, row: Insertable<Schema["partitions"]>): Promise<PartitionRow> {
  return db
    .insertInto("partitions")
    .values(row)
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returningAll()
    .executeTakeFirstOrThrow(() => alreadyExists("partition", row.id));
}

/** @throws 409 when `seen` is no longer the stored version */
export function updatePartition(
  db: Db,
  seen: { id: string; version: number },
  changes: Changes<Schema["partitions"]>,
): Promise<PartitionRow> {
  return db
    .updateTable("partitions")
    .set(changes)
    .where("id", "=", seen.id)
    .where("version", "=", seen.version)
    .returningAll()
    .executeTakeFirstOrThrow(() => changedMeanwhile("partition", seen.id));
}

/** @throws 404; PostgreSQL refuses while machines, switches or networks are in the partition (422) */
export function deletePartition(db: Db, id: string): Promise<PartitionRow> {
  return db
    .deleteFrom("partitions")
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirstOrThrow(() => notFound("partition", id));
}
