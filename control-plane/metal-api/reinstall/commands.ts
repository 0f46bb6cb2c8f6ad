// Reinstallation: the machine keeps allocation, addresses and the disks that its layout does not wipe, and gets another image.
// Everything that must not be forgotten is one row: `allocations.reinstall` stands until the hammer has installed, or given up
// before it touched a disk.
import { notify } from "@metal-stack/database";
import { sql } from "kysely";
import { checkFeature } from "../allocation/rules-request.ts";
import { updateAllocation } from "../allocation/store.ts";
import { enqueueBmcCommand, supersedePowerCommands } from "../bmc/commands.ts";
import type { Db, Tx } from "../database/schema.ts";
import { imageById } from "../images/store.ts";
import { lockMachine } from "../machines/store.ts";
import { recordEvent } from "../provisioning/store.ts";
import { BOOT_DEADLINE_MS } from "../release/rules.ts";
import { checkImageOfSize } from "../size-image-constraints/store.ts";
import { setVrfOfMachine } from "../switches/store.ts";
import { BEFORE_ITS_BOOT, checkReinstall } from "./rules.ts";

const COMMAND = "REINSTALL";

/**
 * Has an allocated machine installed again. Repeating it while the machine is on its way changes nothing; with another image
 * it starts over. Throws 400, 404 (machine, image), 422.
 */
export async function reinstallMachine(
  tx: Tx,
  id: string,
  imageId: string,
  requestedBy: string,
  now: Date,
): Promise<void> {
  const machine = await lockMachine(tx, id);
  const { allocation } = machine;
  checkReinstall({ stateValue: machine.state_value, allocation }, imageId);
  // Exactly this one: a partial id would be another image tomorrow.
  const image = await imageById(tx, imageId);
  checkFeature(image.features, allocation!.role);
  await checkImageOfSize(tx, machine.size_id, image.id);
  const same = allocation!.reinstall && allocation!.image_id === image.id;
  if (same && (await isOnItsWay(tx, id, now))) return;
  await updateAllocation(tx, allocation!.uuid, { reinstall: true, image_id: image.id });
  await setVrfOfMachine(tx, id, "");
  await bootIntoDiscovery(tx, machine, `reinstall with ${image.id}`, requestedBy, now);
}

/** Boots a machine that was told to, and did not come, once more. False when there is nothing to do any more. */
export async function repeatReinstall(tx: Tx, id: string, now: Date): Promise<boolean> {
  const machine = await lockMachine(tx, id);
  if (!machine.allocation?.reinstall || (await isOnItsWay(tx, id, now))) return false;
  await bootIntoDiscovery(tx, machine, "reinstall: power-cycled again", "metal-api", now);
  return true;
}

async function bootIntoDiscovery(
  tx: Tx,
  machine: { readonly id: string; readonly partition_id: string | null },
  message: string,
  requestedBy: string,
  now: Date,
): Promise<void> {
  await supersedePowerCommands(tx, machine.id, "reinstall");
  await enqueueBmcCommand(tx, { id: machine.id, partitionId: machine.partition_id }, COMMAND, requestedBy);
  // Else the boot would look like a crash.
  await recordEvent(tx, machine.id, "Planned Reboot", message, now);
  await notify(tx, "machine", machine.id);
}

/** Whether its BMC has yet to act, or it boots the discovery image already. */
async function isOnItsWay(tx: Db, id: string, now: Date): Promise<boolean> {
  const { rows } = await sql<{ open: boolean; waits: boolean | null }>`
    select exists (select 1 from bmc_commands where machine_id = ${id} and command = ${COMMAND} and done is null) as open,
      (select ${hasNotBooted(lateBefore(now))} from provisioning_events e where machine_id = ${id} order by id desc limit 1) as waits`.execute(
    tx,
  );
  const { open, waits } = rows[0]!;
  return open || waits !== true;
}

/** Over an event `e`, the newest. Who asked to boot long ago, and then said nothing, had no answer: it runs its old system. */
const hasNotBooted = (before: Date) =>
  sql<boolean>`(e.event = any(${[...BEFORE_ITS_BOOT]}) or (e.event = 'PXE Booting' and e.time < ${before}))`;

/** A boot that began before this has come to nothing. */
const lateBefore = (now: Date) => new Date(now.getTime() - BOOT_DEADLINE_MS);

/** Machines whose BMC was done with the command long ago, this time, and that have not booted since. */
export async function lateReinstalls(db: Db, now: Date, limit: number): Promise<string[]> {
  const before = lateBefore(now);
  const { rows } = await sql<{ machine_id: string }>`
    select a.machine_id from allocations a
    join lateral (select done from bmc_commands c where c.machine_id = a.machine_id and c.command = ${COMMAND}
                  order by sequence desc limit 1) c on c.done < ${before}
    join lateral (select event, time from provisioning_events e where e.machine_id = a.machine_id
                  order by id desc limit 1) e on ${hasNotBooted(before)}
    where a.reinstall order by a.machine_id limit ${limit}`.execute(db);
  return rows.map(({ machine_id: id }) => id);
}
