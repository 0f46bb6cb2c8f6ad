// Changing the password of a BMC: asked for by a release or an operator, done by the machine itself or by metal-bmc, and done
// only when metal-bmc has logged in with the new one. Every step is a row: whoever crashes, the next look goes on.
import { notify } from "@metal-stack/database";
import { type Selectable, sql } from "kysely";
import type { Context } from "../context.ts";
import type { Db, Schema } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { unprocessable } from "../errors.ts";
import { COMMAND_LIFETIME_SECONDS, enqueueBmcCommand } from "./commands.ts";
import { type Login, loginsOf, makeLogin, openLogin } from "./logins.ts";
import { nextTry } from "./rules-logins.ts";

export type RotationRow = Selectable<Schema["bmc_rotations"]>;

/** A command that was not answered when it expired says so itself; a little later it counts as failed. */
const PATIENCE_MS = (COMMAND_LIFETIME_SECONDS + 30) * 1000;
const BATCH = 200;

/** The change under way, or undefined. */
export async function openRotation(db: Db, machineId: string): Promise<RotationRow | undefined> {
  return db
    .selectFrom("bmc_rotations")
    .selectAll()
    .where("machine_id", "=", machineId)
    .where("finished", "is", null)
    .executeTakeFirst();
}

/**
 * A tenant had the machine, and may have read the password out of its memory or set another one: a new one is made for it
 * when the discovery image runs. Nothing to do for a BMC that we have no login for: it gets one when it boots.
 */
export async function rotateOnRelease(tx: Db, machineId: string, requestedBy: string, now: Date): Promise<void> {
  if ((await loginsOf(tx, machineId)).length === 0) return;
  await ask(tx, machineId, { requestedBy, reason: "the machine was given back", now, nextTry: null });
}

/** An operator wants another password, now. Throws 422 when nobody could do it. */
export async function rotateOnCommand(
  tx: Db,
  machine: { readonly id: string; readonly partition_id: string | null; readonly ipmi: { address: string } | null },
  requestedBy: string,
  now: Date,
): Promise<void> {
  const { id } = machine;
  if (!machine.partition_id || !machine.ipmi?.address)
    throw unprocessable(`no BMC of machine ${id} is known: it gets a password of its own when the machine boots`);
  const open = await openRotation(tx, id);
  if (!open) return ask(tx, id, { requestedBy, reason: "asked for by an operator", now, nextTry: now });
  // One is under way: what it makes is as new. It is only tried at once.
  await tx.updateTable("bmc_rotations").set({ next_try: now, attempts: 0 }).where("machine_id", "=", id).execute();
}

/** The discovery image runs, so no tenant does: what waited for that goes on over LAN unless the machine does it itself. */
export async function machineIsOurs(tx: Db, machineId: string, now: Date): Promise<void> {
  await tx
    .updateTable("bmc_rotations")
    .set({ next_try: now })
    .where("machine_id", "=", machineId)
    .where("finished", "is", null)
    .where("next_try", "is", null)
    .execute();
}

/** The machine says that it set this login: it counts when metal-bmc was let in with it. */
export async function proveLogin(tx: Db, machineId: string, loginId: string, now: Date): Promise<void> {
  const open = await openRotation(tx, machineId);
  if (!open)
    return ask(tx, machineId, { requestedBy: "metal-hammer", reason: "new login", now, nextTry: now, loginId });
  await tx
    .updateTable("bmc_rotations")
    .set({ login_id: loginId, next_try: now })
    .where("machine_id", "=", machineId)
    .execute();
}

async function ask(
  tx: Db,
  machineId: string,
  wish: { requestedBy: string; reason: string; now: Date; nextTry: Date | null; loginId?: string },
): Promise<void> {
  const row = {
    login_id: wish.loginId ?? null,
    requested_by: wish.requestedBy,
    reason: wish.reason,
    since: wish.now,
    attempts: 0,
    last_error: "",
    next_try: wish.nextTry,
    finished: null,
  };
  await tx
    .insertInto("bmc_rotations")
    .values({ machine_id: machineId, ...row })
    .onConflict((conflict) => conflict.column("machine_id").doUpdateSet(row))
    .execute();
}

/** The login that the BMC of this machine shall have: made now if it has none, or if a change was asked for. */
export async function wantedLogin({ db, keyring, clock }: Context, machineId: string): Promise<Login> {
  const id = await transact(db, async (tx) => {
    await lock(tx, machineId);
    const open = await openRotation(tx, machineId);
    if (open) return loginOf(tx, { keyring }, open);
    const [newest] = await loginsOf(tx, machineId);
    if (newest) return newest.id;
    const first = await makeLogin(tx, keyring, machineId);
    const wish = { requestedBy: "metal-hammer", reason: "first login", now: clock(), nextTry: null, loginId: first };
    await ask(tx, machineId, wish);
    return first;
  });
  const row = (await loginsOf(db, machineId)).find((login) => login.id === id)!;
  return openLogin(keyring, row);
}

/** Made on the first question, and the same from then on. */
async function loginOf(tx: Db, { keyring }: Pick<Context, "keyring">, rotation: RotationRow): Promise<string> {
  if (rotation.login_id) return rotation.login_id;
  const { machine_id } = rotation;
  const id = await makeLogin(tx, keyring, machine_id);
  await tx.updateTable("bmc_rotations").set({ login_id: id }).where("machine_id", "=", machine_id).execute();
  return id;
}

async function lock(tx: Db, machineId: string): Promise<void> {
  await tx.selectFrom("machines").select("id").where("id", "=", machineId).forUpdate().execute();
}

/** The BMC accepted a login; if it is the wanted one, the change is done. */
export async function loginAccepted(tx: Db, machineId: string, loginId: string, now: Date): Promise<void> {
  await tx
    .updateTable("bmc_rotations")
    .set({ finished: now, next_try: null, last_error: "" })
    .where("machine_id", "=", machineId)
    .where("login_id", "=", loginId)
    .where("finished", "is", null)
    .execute();
}

/** A try failed: the reason is kept, and when it is tried again. */
export async function rotationFailed(tx: Db, machineId: string, loginId: string, error: string, now: Date) {
  const open = await openRotation(tx, machineId);
  if (open?.login_id !== loginId) return;
  await tx
    .updateTable("bmc_rotations")
    .set({ last_error: error, next_try: nextTry(open.attempts, now) })
    .where("machine_id", "=", machineId)
    .execute();
}

/** Has metal-bmc do what is due. Answers how many changes were tried. */
export async function advanceRotations(context: Pick<Context, "db" | "clock" | "keyring">): Promise<number> {
  const { db, clock } = context;
  const due = await db
    .selectFrom("bmc_rotations")
    .select("machine_id")
    .where("finished", "is", null)
    .where("next_try", "<=", clock())
    .orderBy("next_try")
    .limit(BATCH)
    .execute();
  let tried = 0;
  for (const { machine_id } of due) if (await transact(db, (tx) => advance(tx, context, machine_id))) tried += 1;
  return tried;
}

async function advance(tx: Db, context: Pick<Context, "clock" | "keyring">, machineId: string): Promise<boolean> {
  const now = context.clock();
  const machine = await tx
    .selectFrom("machines")
    .select(["id", "partition_id"])
    .where("id", "=", machineId)
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
  const rotation = machine && (await openRotation(tx, machineId));
  if (!rotation?.next_try || rotation.next_try > now) return false;
  const target = { id: machineId, partitionId: machine!.partition_id };
  if (!target.partitionId) return false;
  const loginId = await loginOf(tx, context, rotation);
  const unanswered = await lastError(tx, machineId, loginId);
  await enqueueBmcCommand(tx, target, "PASSWORD", rotation.requested_by, { loginId });
  await tx
    .updateTable("bmc_rotations")
    .set({
      attempts: rotation.attempts + 1,
      next_try: new Date(now.getTime() + PATIENCE_MS),
      ...(unanswered !== undefined && { last_error: unanswered }),
    })
    .where("machine_id", "=", machineId)
    .execute();
  await notify(tx, "machine", machineId);
  return true;
}

/** What became of the last try, if it expired. */
async function lastError(tx: Db, machineId: string, loginId: string): Promise<string | undefined> {
  const last = await tx
    .selectFrom("bmc_commands")
    .select("error")
    .where("machine_id", "=", machineId)
    .where("login_id", "=", loginId)
    .where("error", "is not", null)
    .orderBy("sequence", "desc")
    .limit(1)
    .executeTakeFirst();
  return last?.error ?? undefined;
}

/** The changes under way of many machines. */
export async function openRotationsOf(
  db: Db,
  machineIds: readonly string[],
): Promise<ReadonlyMap<string, RotationRow>> {
  const rows = await db
    .selectFrom("bmc_rotations")
    .selectAll()
    .where("machine_id", "=", sql<string>`any(${machineIds}::text[])`)
    .where("finished", "is", null)
    .execute();
  return new Map(rows.map((row) => [row.machine_id, row]));
}
