import { type Insertable, type Selectable, sql, type Updateable } from "kysely";
import type { Db, Schema, Tx } from "../database/schema.ts";

export type AllocationRow = Selectable<Schema["allocations"]>;

/** The allocations of these machines, by machine id. */
export async function allocationsOf(db: Db, machineIds: readonly string[]): Promise<Map<string, AllocationRow>> {
  if (machineIds.length === 0) return new Map();
  const rows = await db
    .selectFrom("allocations")
    .selectAll()
    .where("machine_id", "=", sql<string>`any(${machineIds}::text[])`)
    .execute();
  return new Map(rows.map((row) => [row.machine_id, row]));
}

export async function insertAllocation(tx: Tx, allocation: Insertable<Schema["allocations"]>): Promise<AllocationRow> {
  return tx.insertInto("allocations").values(allocation).returningAll().executeTakeFirstOrThrow();
}

export async function updateAllocation(
  tx: Tx,
  uuid: string,
  changes: Updateable<Schema["allocations"]>,
): Promise<void> {
  if (Object.keys(changes).length === 0) return;
  await tx.updateTable("allocations").set(changes).where("uuid", "=", uuid).execute();
}

export async function deleteAllocation(tx: Tx, uuid: string): Promise<void> {
  await tx.deleteFrom("allocations").where("uuid", "=", uuid).execute();
}
