// The outbox of commands for BMCs: written in the transaction that wants them, sent by a stream, answered one by one.
import { randomUUID } from "node:crypto";
import { notify } from "@metal-stack/database";
import { sql } from "kysely";
import type { Db } from "../database/schema.ts";
import { unprocessable } from "../errors.ts";

/** The original's command names (reference/machine-lifecycle.md 6.2). */
const BMC_COMMANDS = ["ON", "OFF", "RESET", "CYCLE", "BIOS", "DISK", "PXE", "LED-ON", "LED-OFF", "REINSTALL"] as const;
export type BmcCommandName = (typeof BMC_COMMANDS)[number];

/** A command that comes later does harm: the machine may have another owner by then. */
export const COMMAND_LIFETIME_SECONDS = 600;
const MAX_ERROR_LENGTH = 1000;

/** Puts a command into the outbox; answers its id. Throws 422 for a machine without a partition: nobody could reach it. */
export async function enqueueBmcCommand(
  tx: Db,
  machine: { readonly id: string; readonly partitionId: string | null },
  command: BmcCommandName,
  requestedBy: string,
): Promise<string> {
  if (!machine.partitionId) throw unprocessable(`machine ${machine.id} is in no partition, so no metal-bmc reaches it`);
  const id = randomUUID();
  await tx
    .insertInto("bmc_commands")
    .values({
      id,
      partition_id: machine.partitionId,
      machine_id: machine.id,
      command,
      requested_by: requestedBy,
      expires: sql<Date>`now() + make_interval(secs => ${COMMAND_LIFETIME_SECONDS})`,
    })
    .execute();
  await notify(tx, "bmc", machine.partitionId);
  return id;
}

/** Power and boot commands that were not executed yet: something newer replaces them. LEDs are left alone. */
export async function supersedePowerCommands(tx: Db, machineId: string, by: string): Promise<void> {
  await tx
    .updateTable("bmc_commands")
    .set({ done: sql<Date>`now()`, error: `superseded by ${by}` })
    .where("machine_id", "=", machineId)
    .where("done", "is", null)
    .where("command", "not like", "LED-%")
    .execute();
}

/** Closes what nobody executed in time, and says why. */
export async function expireBmcCommands(db: Db): Promise<void> {
  await sql`
    update bmc_commands c set done = now(), error = case
        when c.sent is not null then 'metal-bmc got it but did not answer in time'
        when coalesce(m.ipmi ->> 'address', '') = '' then 'the address of the BMC is not known'
        else 'no metal-bmc of partition ' || c.partition_id || ' asked for it in time' end
    from machines m where m.id = c.machine_id and c.done is null and c.expires < now()`.execute(db);
}

/**
 * Records the answer to a command; a repeated one changes nothing. A failure becomes the last error of the machine's
 * release, if one is open, so that a stuck release says why. False when the partition has no such command.
 */
export async function commandDone(tx: Db, partitionId: string, commandId: string, error: string): Promise<boolean> {
  const text = error.replaceAll("\0", "").slice(0, MAX_ERROR_LENGTH);
  const answered = await tx
    .updateTable("bmc_commands")
    .set({ done: sql<Date>`now()`, error: text === "" ? null : text })
    .where("id", "=", commandId)
    .where("partition_id", "=", partitionId)
    .where("done", "is", null)
    .returning(["machine_id", "command"])
    .executeTakeFirst();
  if (!answered) {
    const known = await tx
      .selectFrom("bmc_commands")
      .select("id")
      .where("id", "=", commandId)
      .where("partition_id", "=", partitionId)
      .executeTakeFirst();
    return known !== undefined;
  }
  if (text !== "" && !answered.command.startsWith("LED-")) {
    await tx
      .updateTable("releases")
      .set({ last_error: sql<string>`'reset ' || attempts || ${`: BMC ${answered.command}: ${text}`}` })
      .where("machine_id", "=", answered.machine_id)
      .where("finished", "is", null)
      .execute();
    await notify(tx, "release", answered.machine_id);
  }
  return true;
}
