// How to log in to the BMC of a machine. A password is stored before any BMC hears of it, and older ones go only when the
// BMC was seen to accept a newer one: whatever crashes when, the password that works is among these rows.
import { randomUUID } from "node:crypto";
import { randomPassword, Secret } from "@metal-stack/service";
import { type Selectable, sql } from "kysely";
import type { Db, Schema } from "../database/schema.ts";
import { notFound, unprocessable } from "../errors.ts";
import type { Keyring } from "../secrets/keyring.ts";
import { BMC_USER, inOrderOfTrial, MAX_UNPROVEN } from "./rules-logins.ts";

export type LoginRow = Selectable<Schema["bmc_logins"]>;

export interface Login {
  readonly id: string;
  readonly user: string;
  readonly password: Secret;
}

/** Whom a BMC's password is sealed for. */
export function ownerOf(machineId: string): string {
  return `bmc:${machineId}`;
}

/** Newest first. */
export async function loginsOf(db: Db, machineId: string): Promise<LoginRow[]> {
  return db
    .selectFrom("bmc_logins")
    .selectAll()
    .where("machine_id", "=", machineId)
    .orderBy("sequence", "desc")
    .execute();
}

/** Of many machines, likeliest to work first. */
export async function loginsToTry(db: Db, machineIds: readonly string[]): Promise<ReadonlyMap<string, LoginRow[]>> {
  const rows = await db
    .selectFrom("bmc_logins")
    .selectAll()
    .where("machine_id", "=", sql<string>`any(${machineIds}::text[])`)
    .orderBy("sequence", "desc")
    .execute();
  const byMachine = Map.groupBy(rows, (row) => row.machine_id);
  return new Map([...byMachine].map(([id, logins]) => [id, inOrderOfTrial(logins)]));
}

/** Throws CannotOpen. */
export function openLogin(keyring: Keyring, { id, machine_id, user_name, password }: LoginRow): Login {
  return { id, user: user_name, password: keyring.open(password, ownerOf(machine_id)) };
}

/**
 * Makes a login for the machine's BMC. When too many were made that no BMC was seen to accept, answers the newest of them
 * instead: forgetting one could lock us out.
 */
export async function makeLogin(tx: Db, keyring: Keyring, machineId: string): Promise<string> {
  const unproven = (await loginsOf(tx, machineId)).filter(({ accepted }) => accepted === null);
  if (unproven.length >= MAX_UNPROVEN) return unproven[0]!.id;
  return insertLogin(tx, keyring, machineId, BMC_USER, new Secret(randomPassword()));
}

/**
 * Takes in a login that the machine says it has set on its BMC. It is one that we made, or, from the original's hammer, one
 * of its own making (`isNew`).
 */
export async function noteAppliedLogin(
  tx: Db,
  keyring: Keyring,
  machineId: string,
  user: string,
  password: Secret,
): Promise<LoginRow & { readonly isNew: boolean }> {
  const rows = await loginsOf(tx, machineId);
  const same = (row: LoginRow) =>
    row.user_name === user && openLogin(keyring, row).password.reveal() === password.reveal();
  let id = rows.find(same)?.id;
  const isNew = id === undefined;
  if (id === undefined) {
    // The machine set it, so what it set before and nobody ever proved is not in force any more.
    const outlived = rows.filter(({ accepted }) => accepted === null).slice(MAX_UNPROVEN - 1);
    for (const row of outlived) await tx.deleteFrom("bmc_logins").where("id", "=", row.id).execute();
    id = await insertLogin(tx, keyring, machineId, user, password);
  }
  const row = await tx
    .updateTable("bmc_logins")
    .set({ applied: sql<Date>`now()` })
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return { ...row, isNew };
}

async function insertLogin(tx: Db, keyring: Keyring, machineId: string, user: string, password: Secret) {
  const id = randomUUID();
  const sealed = keyring.seal(password, ownerOf(machineId));
  await tx.insertInto("bmc_logins").values({ id, machine_id: machineId, user_name: user, password: sealed }).execute();
  return id;
}

/**
 * Forgets the logins of a machine that was deleted; until then they are kept, because its BMC keeps its password, too.
 * Answers how many there were. Throws 404 when there were none, 422 for a machine that is there.
 */
export async function forgetLogins(tx: Db, machineId: string): Promise<number> {
  const machine = await tx.selectFrom("machines").select("id").where("id", "=", machineId).forUpdate().execute();
  if (machine.length > 0)
    throw unprocessable(
      `machine ${machineId} is still there: delete it first, or nobody could log in to its BMC any more`,
    );
  const gone = await tx.deleteFrom("bmc_logins").where("machine_id", "=", machineId).returning("id").execute();
  if (gone.length === 0) throw notFound("machine", machineId);
  return gone.length;
}

/** The BMC let metal-bmc in with this login: the older ones are history. False when the machine has no such login. */
export async function acceptLogin(tx: Db, machineId: string, loginId: string): Promise<boolean> {
  const login = await tx
    .updateTable("bmc_logins")
    .set({ accepted: sql<Date>`now()` })
    .where("id", "=", loginId)
    .where("machine_id", "=", machineId)
    .returning(["sequence", "user_name"])
    .executeTakeFirst();
  if (!login) return false;
  await tx
    .deleteFrom("bmc_logins")
    .where("machine_id", "=", machineId)
    .where("sequence", "<", login.sequence)
    .execute();
  await sql`
    update machines set ipmi = jsonb_set(ipmi, '{user}', to_jsonb(${login.user_name}::text))
    where id = ${machineId} and ipmi is not null`.execute(tx);
  return true;
}
