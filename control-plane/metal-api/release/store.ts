import { randomUUID } from "node:crypto";
import { json } from "@metal-stack/database";
import { type Insertable, type Selectable, sql } from "kysely";
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
    .select(["id", "partition_id", "hardware", "disks", "disks_reason", "ipmi", "hammer_version", "ended_allocation"])
    .where("id", "=", machineId)
    .forUpdate()
    .executeTakeFirst();
}

export type LockedMachine = NonNullable<Awaited<ReturnType<typeof lockMachine>>>;

/** Keeps what was decided about the disks of a machine; answers its id. */
export async function insertVerdict(
  tx: Db,
  machine: Pick<LockedMachine, "id" | "ended_allocation">,
  verdict: Omit<Insertable<Schema["erase_verdicts"]>, "id" | "machine_id" | "allocation_uuid">,
): Promise<string> {
  const id = randomUUID();
  await tx
    .insertInto("erase_verdicts")
    .values({ id, machine_id: machine.id, allocation_uuid: machine.ended_allocation, ...verdict })
    .execute();
  return id;
}

/** Lets the disks that the machine has now count as erased without proof; other ones will not. */
export async function waiveErase(tx: Db, machine: LockedMachine, waivedBy: string, reason: string): Promise<void> {
  const disks = (machine.hardware?.disks ?? []).map(({ name, serial = "", size }) => ({ name, serial, size }));
  await insertVerdict(tx, machine, { release_id: "", accepted: true, reason, waived_by: waivedBy, disks: json(disks) });
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

/** Signed records, newest first; also of a machine that was deleted. */
export async function eraseRecordsOf(db: Db, machineId: string) {
  return db
    .selectFrom("erase_records")
    .select(["document", "signature"])
    .where("machine_id", "=", machineId)
    .orderBy("created", "desc")
    .orderBy(sql`document -> 'disk' ->> 'name'`)
    .execute();
}

/** All keys that ever signed a record, newest first. */
export async function recordKeys(db: Db) {
  return db.selectFrom("record_keys").selectAll().orderBy("created", "desc").execute();
}
