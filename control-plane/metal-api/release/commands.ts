// From the tenant's free to the verified erase: what moves a release on. Every function is one step inside the caller's
// transaction and leaves a row that says where it stands; nothing is remembered anywhere else.
import { randomUUID } from "node:crypto";
import { notify } from "@metal-stack/database";
import { sql } from "kysely";
import { enqueueBmcCommand, supersedePowerCommands } from "../bmc/commands.ts";
import { rotateOnRelease } from "../bmc/rotation.ts";
import type { Db } from "../database/schema.ts";
import { notFound, unprocessable } from "../errors.ts";
import { revokeIdentity } from "../identity/certificates.ts";
import { recordEvent } from "../provisioning/store.ts";
import { setVrfOfMachine } from "../switches/store.ts";
import { BOOT_DEADLINE_MS, eraseBudgetMs, MAX_ATTEMPTS, NO_BMC_PAUSE_MS } from "./rules.ts";
import { lockMachine, openRelease, type ReleaseRow, setDisks, waiveErase } from "./store.ts";

export interface Freed {
  /** Absent for a machine that had no allocation. */
  readonly allocationUuid?: string;
  readonly projectId?: string;
  /** Who asked, for the log. */
  readonly requestedBy: string;
}

const SYSTEM = "metal-api";

/**
 * Takes a machine away from its tenant: identity revoked, ports back in the boot network, LED off, reset into the discovery
 * image, and not allocatable until its disks are proven erased. Harmless when a release is already under way.
 */
export async function startRelease(tx: Db, machineId: string, freed: Freed, now = new Date()): Promise<void> {
  const machine = await lockMachine(tx, machineId);
  if (!machine) throw notFound("machine", machineId);
  const release = await createRelease(tx, machineId, { id: freed.allocationUuid ?? randomUUID(), ...freed });
  if (!release) return;
  await revokeIdentity(tx, machineId, now);
  await rotateOnRelease(tx, machineId, freed.requestedBy, now);
  await setVrfOfMachine(tx, machineId, "");
  await tx
    .updateTable("machines")
    .set({ led_value: "LED-OFF", led_description: "" })
    .where("id", "=", machineId)
    .execute();
  if (machine.partition_id)
    await enqueueBmcCommand(tx, { id: machineId, partitionId: machine.partition_id }, "LED-OFF", freed.requestedBy);
  await setDisks(tx, machineId, "erasing", `freed by ${freed.requestedBy}`);
  await resetMachine(tx, machine, release, now);
}

/**
 * A machine whose disks nobody vouches for, because it was never seen or its release was lost, is erased where it stands:
 * its hammer already runs. Answers the open release, undefined when the machine needs none.
 */
export async function ensureErase(tx: Db, machineId: string, now = new Date()): Promise<ReleaseRow | undefined> {
  const machine = await lockMachine(tx, machineId);
  if (!machine || machine.disks === "erased" || machine.disks === "quarantined") return undefined;
  const open = await openRelease(tx, machineId);
  if (open) return open;
  const allocation = await tx
    .selectFrom("allocations")
    .select("uuid")
    .where("machine_id", "=", machineId)
    .executeTakeFirst();
  if (allocation) return undefined;
  await createRelease(tx, machineId, { id: randomUUID(), requestedBy: SYSTEM });
  await setDisks(tx, machineId, "erasing", "never proven erased");
  await beginErase(tx, machineId, now);
  return openRelease(tx, machineId);
}

/** The hammer is there and is told to erase. Also after a reboot in the middle: the phase begins again. */
export async function beginErase(tx: Db, machineId: string, now = new Date()): Promise<void> {
  const machine = await lockMachine(tx, machineId);
  await tx
    .updateTable("releases")
    .set({
      phase: "erase",
      reason: "erasing the disks",
      since: now,
      deadline: new Date(now.getTime() + eraseBudgetMs(machine?.hardware ?? null)),
      next_try: null,
    })
    .where("machine_id", "=", machineId)
    .where("finished", "is", null)
    .execute();
  await notify(tx, "release", machineId);
}

/** Has a quarantined machine, or one whose release gave up, tried again. Throws 404, or 422 when there is nothing to do. */
export async function retryErase(tx: Db, machineId: string, requestedBy: string, now = new Date()): Promise<void> {
  const machine = await lockMachine(tx, machineId);
  if (!machine) throw notFound("machine", machineId);
  if (machine.disks === "in-use" || machine.disks === "erased")
    throw unprocessable(`the disks of machine ${machineId} are ${machine.disks}, there is no erase to try again`);
  const open = await openRelease(tx, machineId);
  if (!open) return startRelease(tx, machineId, { requestedBy }, now);
  await tx.updateTable("releases").set({ attempts: 0 }).where("id", "=", open.id).execute();
  await setDisks(tx, machineId, "erasing", `tried again by ${requestedBy}`);
  await resetMachine(tx, machine, { ...open, attempts: 0 }, now);
}

/**
 * Lets a quarantined machine go although nothing is proven; an issue and the audit keep telling so. It counts for the disks
 * that the machine has now. Throws 404, 422.
 */
export async function overrideQuarantine(tx: Db, machineId: string, waivedBy: string, reason: string): Promise<void> {
  const machine = await lockMachine(tx, machineId);
  if (!machine) throw notFound("machine", machineId);
  if (machine.disks !== "quarantined") throw unprocessable(`machine ${machineId} is not quarantined`);
  await waiveErase(tx, machine, waivedBy, reason);
  const was = machine.disks_reason;
  await setDisks(tx, machineId, "erased", `let go without proof by ${waivedBy}: ${reason} (was: ${was})`);
  await notify(tx, "machine", machineId);
}

/**
 * One attempt: network first in the boot order, then a reset, and the hammer has to show up in time. Without a partition or a
 * BMC the release waits for somebody to power-cycle the machine by hand, and says so.
 */
export async function resetMachine(
  tx: Db,
  machine: { readonly id: string; readonly partition_id: string | null; readonly ipmi: { address: string } | null },
  release: Pick<ReleaseRow, "id" | "attempts">,
  now: Date,
): Promise<void> {
  const reachable = machine.partition_id !== null && Boolean(machine.ipmi?.address);
  const attempt = release.attempts + 1;
  await tx
    .updateTable("releases")
    .set(
      reachable
        ? {
            phase: "boot",
            reason: `reset ${attempt} of ${MAX_ATTEMPTS}, waiting for the discovery image`,
            attempts: attempt,
            since: now,
            deadline: new Date(now.getTime() + BOOT_DEADLINE_MS),
            next_try: null,
          }
        : {
            phase: "reset",
            reason: "no BMC is known: power-cycle the machine by hand so that it boots from the network",
            next_try: new Date(now.getTime() + NO_BMC_PAUSE_MS),
          },
    )
    .where("id", "=", release.id)
    .execute();
  if (reachable) {
    const target = { id: machine.id, partitionId: machine.partition_id };
    await supersedePowerCommands(tx, machine.id, "release");
    await enqueueBmcCommand(tx, target, "PXE", SYSTEM);
    await enqueueBmcCommand(tx, target, "RESET", SYSTEM);
    // Without it, the boot that follows an unfinished one would look like a crash loop. The first follows a reclaim.
    if (attempt > 1) await recordEvent(tx, machine.id, "Planned Reboot", `release: reset ${attempt}`, now);
  }
  await notify(tx, "release", machine.id);
  await notify(tx, "machine", machine.id);
}

/** Undefined when one is open. */
async function createRelease(
  tx: Db,
  machineId: string,
  { id, requestedBy, projectId }: Freed & { readonly id: string },
): Promise<ReleaseRow | undefined> {
  return tx
    .insertInto("releases")
    .values({
      id,
      machine_id: machineId,
      requested_by: requestedBy,
      project_id: projectId ?? null,
      phase: "reset",
    })
    .onConflict((conflict) =>
      conflict
        .column("machine_id")
        .where(sql<boolean>`finished is null`)
        .doNothing(),
    )
    .returningAll()
    .executeTakeFirst();
}
