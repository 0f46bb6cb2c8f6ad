import type { Db } from "../database/schema.ts";
import type { MachineFacts } from "./rules.ts";

/** Everything that decides what a machine boots and does; undefined when it was never seen. */
export async function factsOf(db: Db, machineId: string) {
  const row = await db
    .selectFrom("machines as m")
    .leftJoin("allocations as a", "a.machine_id", "m.id")
    .leftJoin("releases as r", (join) => join.onRef("r.machine_id", "=", "m.id").on("r.finished", "is", null))
    .select([
      "m.partition_id",
      "m.disks",
      "m.disks_reason",
      "m.state_value",
      "m.state_description",
      "m.bmc_seen",
      "a.uuid as allocation_uuid",
      "a.installed",
      "a.reinstall",
      "a.image_id",
      "r.id as release_id",
      "r.phase as release_phase",
    ])
    .where("m.id", "=", machineId)
    .executeTakeFirst();
  if (!row) return undefined;
  const facts: MachineFacts = {
    disks: row.disks,
    disksReason: row.disks_reason,
    stateValue: row.state_value,
    stateDescription: row.state_description,
    bmcSeen: row.bmc_seen !== null,
    releaseOpen: row.release_id !== null,
    allocation:
      row.allocation_uuid === null ? null : { installed: row.installed !== null, reinstall: row.reinstall === true },
  };
  return {
    facts,
    partitionId: row.partition_id,
    allocationUuid: row.allocation_uuid,
    imageId: row.image_id,
    release: row.release_id === null ? null : { id: row.release_id, phase: row.release_phase! },
  };
}

/** The allocation of a machine with everything that its installation needs. */
export async function installationOf(db: Db, machineId: string) {
  const row = await db
    .selectFrom("allocations as a")
    .innerJoin("images as i", "i.id", "a.image_id")
    .innerJoin("machines as m", "m.id", "a.machine_id")
    .select([
      "a.uuid",
      "a.name",
      "a.hostname",
      "a.creator",
      "a.project_id",
      "a.role",
      "a.networks",
      "a.filesystem_layout",
      "a.ssh_pub_keys",
      "a.user_data",
      "a.dns_servers",
      "a.ntp_servers",
      "a.vpn",
      "a.reinstall",
      "a.old_system_lost",
      "i.id as image_id",
      "i.url",
      "i.sha256",
      "m.partition_id",
      "m.size_id",
    ])
    .where("a.machine_id", "=", machineId)
    .executeTakeFirst();
  return row && { ...row, image: { id: row.image_id, url: row.url, sha256: row.sha256 } };
}

/**
 * Sees to it that the machine exists. A machine that had no partition gets this one; one that has keeps it.
 * Its row is locked until the transaction ends. Answers its partition.
 */
export async function ensureMachine(tx: Db, machineId: string, partitionId: string | null): Promise<string | null> {
  await tx
    .insertInto("machines")
    .values({ id: machineId, partition_id: partitionId })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const machine = await tx
    .selectFrom("machines")
    .select("partition_id")
    .where("id", "=", machineId)
    .forUpdate()
    .executeTakeFirstOrThrow();
  if (machine.partition_id !== null || partitionId === null) return machine.partition_id;
  await tx.updateTable("machines").set({ partition_id: partitionId }).where("id", "=", machineId).execute();
  return partitionId;
}

/** Keeps a machine in the pool until `until`; false when it does not belong there any more. */
export async function renewWaiting(db: Db, machineId: string, until: Date): Promise<boolean> {
  const renewed = await db
    .updateTable("machines")
    .set({ waiting_until: until })
    .where("id", "=", machineId)
    .where("disks", "=", "erased")
    .returning("id")
    .executeTakeFirst();
  return renewed !== undefined;
}

export async function clearWaiting(db: Db, machineId: string): Promise<void> {
  await db
    .updateTable("machines")
    .set({ waiting_until: null })
    .where("id", "=", machineId)
    .where("waiting_until", "is not", null)
    .execute();
}
