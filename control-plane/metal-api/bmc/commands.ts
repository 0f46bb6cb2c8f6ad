// The outbox of commands for BMCs: written in the transaction that wants them, sent by a stream, answered one by one.
import { randomUUID } from "node:crypto";
import { json, notify } from "@metal-stack/database";
import { sql } from "kysely";
import type { FirmwareUpdate } from "../database/documents.ts";
import type { Db } from "../database/schema.ts";
import { unprocessable } from "../errors.ts";

/** The original's command names (reference/machine-lifecycle.md 6.2), and PASSWORD: see agent.v1 BmcCommand. */
const BMC_COMMANDS = [
  "ON",
  "OFF",
  "RESET",
  "CYCLE",
  "BIOS",
  "DISK",
  "PXE",
  "LED-ON",
  "LED-OFF",
  "REINSTALL",
  "UPDATE-FIRMWARE",
  "PASSWORD",
] as const;
export type BmcCommandName = (typeof BMC_COMMANDS)[number];
/** They neither switch the machine nor choose what it boots, so they matter to nobody but who asked. */
const ASIDE: readonly BmcCommandName[] = ["LED-ON", "LED-OFF", "UPDATE-FIRMWARE", "PASSWORD"];

/** What some commands are about: the login that PASSWORD sets, the file that UPDATE-FIRMWARE brings. */
interface CommandDetails {
  readonly loginId?: string;
  readonly firmware?: FirmwareUpdate;
}

/** A command that comes later does harm: the machine may have another owner by then. */
export const COMMAND_LIFETIME_SECONDS = 600;
const MAX_ERROR_LENGTH = 1000;
/** Of each machine, beside those that are open. */
const COMMANDS_KEPT = 100;

/**
 * Puts a command into the outbox; answers its id. Throws 422 for a machine without a partition: nobody could reach it.
 */
export async function enqueueBmcCommand(
  tx: Db,
  machine: { readonly id: string; readonly partitionId: string | null },
  command: BmcCommandName,
  requestedBy: string,
  { loginId, firmware }: CommandDetails = {},
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
      login_id: loginId ?? null,
      firmware: firmware ? json(firmware) : null,
      expires: sql<Date>`now() + make_interval(secs => ${COMMAND_LIFETIME_SECONDS})`,
    })
    .execute();
  await forgetOldCommands(tx, machine.id);
  await notify(tx, "bmc", machine.partitionId);
  return id;
}

async function forgetOldCommands(tx: Db, machineId: string): Promise<void> {
  await sql`
    delete from bmc_commands where done is not null and machine_id = ${machineId} and sequence <= (
      select sequence from bmc_commands where machine_id = ${machineId}
      order by sequence desc offset ${COMMANDS_KEPT} limit 1)`.execute(tx);
}

/** Power and boot commands that were not executed yet: something newer replaces them. */
export async function supersedePowerCommands(tx: Db, machineId: string, by: string): Promise<void> {
  await tx
    .updateTable("bmc_commands")
    .set({ done: sql<Date>`now()`, error: `superseded by ${by}` })
    .where("id", "in", (from) =>
      from
        .selectFrom("bmc_commands")
        .select("id")
        .where("machine_id", "=", machineId)
        .where("done", "is", null)
        .where("command", "not in", ASIDE)
        .orderBy("sequence")
        .forUpdate(),
    )
    .execute();
}

/**
 * Somebody is about to do what must not be done twice. The first who asks may; who comes after a crash learns that it may
 * have happened; what was answered or replaced is over.
 */
export async function commandStarted(
  db: Db,
  partitionId: string,
  commandId: string,
): Promise<{ goAhead: boolean; startedBefore: boolean }> {
  const open = db
    .updateTable("bmc_commands")
    .where("id", "=", commandId)
    .where("partition_id", "=", partitionId)
    .where("done", "is", null);
  const first = await open
    .set({ started: sql<Date>`now()` })
    .where("started", "is", null)
    .returning("id")
    .executeTakeFirst();
  if (first) return { goAhead: true, startedBefore: false };
  // Locks as the one before did: an answer or a replacement under way is waited for.
  const before = await open
    .set((row) => ({ started: row.ref("started") }))
    .returning("id")
    .executeTakeFirst();
  return { goAhead: false, startedBefore: before !== undefined };
}

/** Closes what nobody executed in time, and says why. What somebody answers or replaces just now is left to him. */
export async function expireBmcCommands(db: Db): Promise<void> {
  await sql`
    update bmc_commands c set done = now(), firmware = null, error = case
        when c.sent is not null then 'metal-bmc got it but did not answer in time'
        when coalesce(m.ipmi ->> 'address', '') = '' then 'the address of the BMC is not known'
        else 'no metal-bmc of partition ' || c.partition_id || ' asked for it in time' end
    from machines m where m.id = c.machine_id and c.id in (
      select id from bmc_commands where done is null and expires < now() for update skip locked)`.execute(db);
}

/**
 * Records the answer to a command; a repeated one changes nothing. A failure becomes the last error of the machine's
 * release, if one is open, so that a stuck release says why. Undefined when the partition has no such command, "known" when
 * it was answered before.
 */
export async function commandDone(
  tx: Db,
  partitionId: string,
  commandId: string,
  error: string,
): Promise<AnsweredCommand | "known" | undefined> {
  const text = error.replaceAll("\0", "").slice(0, MAX_ERROR_LENGTH);
  const known = await lockMachineOf(tx, partitionId, commandId);
  if (!known) return undefined;
  const answered = await tx
    .updateTable("bmc_commands")
    .set({ done: sql<Date>`now()`, error: text === "" ? null : text, firmware: null })
    .where("id", "=", commandId)
    .where("partition_id", "=", partitionId)
    .where("done", "is", null)
    .returning(["machine_id", "command", "login_id", "error"])
    .executeTakeFirst();
  if (!answered) return "known";
  if (text !== "" && !ASIDE.includes(answered.command as BmcCommandName)) {
    await tx
      .updateTable("releases")
      .set({ last_error: sql<string>`'reset ' || attempts || ${`: BMC ${answered.command}: ${text}`}` })
      .where("machine_id", "=", answered.machine_id)
      .where("finished", "is", null)
      .execute();
    await notify(tx, "release", answered.machine_id);
  }
  return answered;
}

/** Before its command, as everywhere: a release that replaces the command holds the machine. False for no such command. */
async function lockMachineOf(tx: Db, partitionId: string, commandId: string): Promise<boolean> {
  const command = await tx
    .selectFrom("bmc_commands")
    .select("machine_id")
    .where("id", "=", commandId)
    .where("partition_id", "=", partitionId)
    .executeTakeFirst();
  if (!command) return false;
  await tx.selectFrom("machines").select("id").where("id", "=", command.machine_id).forUpdate().execute();
  return true;
}

/** @property login_id of PASSWORD; `error` null when the BMC did it */
interface AnsweredCommand {
  readonly machine_id: string;
  readonly command: string;
  readonly login_id: string | null;
  readonly error: string | null;
}
