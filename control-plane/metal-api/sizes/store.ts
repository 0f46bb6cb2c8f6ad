import type { Changes } from "@metal-stack/database";
import { type Insertable, type Selectable, sql } from "kysely";
import type { Hardware } from "../database/documents.ts";
import type { Db, Schema } from "../database/schema.ts";
import { alreadyExists, changedMeanwhile, notFound, unprocessable } from "../errors.ts";

export type SizeRow = Selectable<Schema["sizes"]>;

export function sizes(db: Db): Promise<SizeRow[]> {
  return db.selectFrom("sizes").selectAll().orderBy("id").execute();
}

/** @throws 404 */
export function sizeById(db: Db, id: string): Promise<SizeRow> {
  return db
    .selectFrom("sizes")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirstOrThrow(() => notFound("size", id));
}

/** One writer of sizes at a time until the transaction ends: whether sizes overlap is a question about all of them. */
export async function lockSizes(tx: Db): Promise<void> {
  await sql`lock table sizes in share row exclusive mode`.execute(tx);
}

/** @throws 409 when the id is taken */
export function insertSize(db: Db, row: Insertable<Schema["sizes"]>): Promise<SizeRow> {
  return db
    .insertInto("sizes")
    .values(row)
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returningAll()
    .executeTakeFirstOrThrow(() => alreadyExists("size", row.id));
}

/** @throws 409 when `seen` is no longer the stored version */
export function updateSize(
  db: Db,
  seen: { id: string; version: number },
  changes: Changes<Schema["sizes"]>,
): Promise<SizeRow> {
  return db
    .updateTable("sizes")
    .set({ ...changes, id: seen.id })
    .where("id", "=", seen.id)
    .where("version", "=", seen.version)
    .returningAll()
    .executeTakeFirstOrThrow(() => changedMeanwhile("size", seen.id));
}

/** @throws 404; 422 while machines of it are reserved */
export async function deleteSize(db: Db, id: string): Promise<SizeRow> {
  const reservation = await db
    .selectFrom("size_reservations")
    .select("id")
    .where("size_id", "=", id)
    .limit(1)
    .executeTakeFirst();
  if (reservation) throw unprocessable("cannot delete size before all size reservations were removed");
  return db
    .deleteFrom("sizes")
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirstOrThrow(() => notFound("size", id));
}

/** @throws 404 when there is no such machine */
export async function hardwareOfMachine(db: Db, machineId: string): Promise<Hardware | null> {
  const { hardware } = await db
    .selectFrom("machines")
    .select("hardware")
    .where("id", "=", machineId)
    .executeTakeFirstOrThrow(() => notFound("machine", machineId));
  return hardware;
}
