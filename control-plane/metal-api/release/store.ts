import { type Selectable, sql } from "kysely";
import type { Db, Schema } from "../database/schema.ts";

export type ReleaseRow = Selectable<Schema["releases"]>;

export async function openRelease(db: Db, machineId: string): Promise<ReleaseRow | undefined> {
  return db
    .selectFrom("releases")
    .selectAll()
    .where("machine_id", "=", machineId)
    .where("finished", "is", null)
    .executeTakeFirst();
}

/** What a release works on; the row is locked until the transaction ends, always before its release. */
export async function lockMachine(tx: Db, machineId: string) {
  return tx
    .selectFrom("machines")
    .select(["id", "partition_id", "hardware", "disks", "disks_reason", "ipmi"])
    .where("id", "=", machineId)
    .forUpdate()
    .executeTakeFirst();
}

/** Moves the disks of a machine to another state, with the reason that people read. */
export async function setDisks(
  tx: Db,
  machineId: string,
  disks: Selectable<Schema["machines"]>["disks"],
  reason: string,
): Promise<void> {
  await tx
    .updateTable("machines")
    .set((row) => ({
      disks,
      disks_reason: reason,
      disks_since: sql<Date>`now()`,
      waiting_until: null,
      changed: sql<Date>`now()`,
      version: row("version", "+", 1),
    }))
    .where("id", "=", machineId)
    .execute();
}

/** The releases that may have something due at `now`, for one worker: rows that another one holds are skipped. */
export async function machinesWithDueRelease(db: Db, now: Date, limit: number): Promise<string[]> {
  const silent = new Date(now.getTime() - 60_000);
  const rows = await db
    .selectFrom("releases")
    .select("machine_id")
    .where("finished", "is", null)
    .where((where) =>
      where.or([
        where("next_try", "<=", now),
        where.and([where("next_try", "is", null), where("deadline", "<=", now)]),
        // Whether the machine is silent is decided by its log.
        where.and([where("phase", "=", "erase"), where("next_try", "is", null), where("since", "<", silent)]),
      ]),
    )
    .orderBy("since")
    .limit(limit)
    .execute();
  return rows.map((row) => row.machine_id);
}
