// The start-up step that leaves no secret in the clear or under an old key: what earlier versions stored readable is sealed,
// what an older key sealed is sealed anew. Several replicas may do it at once.
import { randomUUID } from "node:crypto";
import { json } from "@metal-stack/database";
import { Secret } from "@metal-stack/service";
import { sql } from "kysely";
import { ownerOf } from "../bmc/logins.ts";
import { consoleOwner } from "../boot/console-password.ts";
import { vpnOwner } from "../vpn/sealing.ts";
import type { Db, Tx } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { isSealed, type Keyring } from "./keyring.ts";

/** @throws {CannotOpen} when a key is missing that something was sealed with */
export async function resealSecrets(db: Db, keyring: Keyring): Promise<number> {
  return transact(db, async (tx) => {
    const moved = await sealClearLogins(tx, keyring);
    const logins = await tx.selectFrom("bmc_logins").select(["id", "machine_id", "password"]).forUpdate().execute();
    const consoles = await tx
      .selectFrom("allocations")
      .select(["uuid", "console_password"])
      .where("console_password", "is not", null)
      .forUpdate()
      .execute();
    let count = moved;
    for (const { id, machine_id, password } of logins) {
      // Opened even when its key is the newest: a missing key is to be noticed now, not when the BMC is needed.
      const secret = keyring.open(password, ownerOf(machine_id));
      if (keyring.isCurrent(password)) continue;
      const sealed = keyring.seal(secret, ownerOf(machine_id));
      await tx.updateTable("bmc_logins").set({ password: sealed }).where("id", "=", id).execute();
      count += 1;
    }
    for (const { uuid, console_password: stored } of consoles) {
      if (!stored) continue;
      const owner = consoleOwner(uuid);
      const secret = isSealed(stored) ? keyring.open(stored, owner) : new Secret(stored);
      if (keyring.isCurrent(stored)) continue;
      const sealed = keyring.seal(secret, owner);
      await tx.updateTable("allocations").set({ console_password: sealed }).where("uuid", "=", uuid).execute();
      count += 1;
    }
    return count + (await sealVpnKeys(tx, keyring));
  });
}

/** Earlier versions kept them in the clear. */
async function sealVpnKeys(tx: Tx, keyring: Keyring): Promise<number> {
  let count = 0;
  const rows = await tx
    .selectFrom("allocations")
    .select(["uuid", "vpn"])
    .where("vpn", "is not", null)
    .forUpdate()
    .execute();
  for (const { uuid, vpn } of rows) {
    const { auth_key: stored } = vpn!;
    const secret = isSealed(stored) ? keyring.open(stored, vpnOwner(uuid)) : new Secret(stored);
    if (keyring.isCurrent(stored)) continue;
    const sealed = { ...vpn!, auth_key: keyring.seal(secret, vpnOwner(uuid)) };
    await tx
      .updateTable("allocations")
      .set({ vpn: json(sealed) })
      .where("uuid", "=", uuid)
      .execute();
    count += 1;
  }
  return count;
}

/** Versions before 0006 kept the password in the document of the BMC. It is what the BMC was known to accept. */
async function sealClearLogins(tx: Db, keyring: Keyring): Promise<number> {
  const { rows } = await sql<{ id: string; user: string | null; password: string }>`
    select id, ipmi ->> 'user' as "user", ipmi ->> 'password' as password
    from machines where ipmi ? 'password' order by id for update`.execute(tx);
  for (const { id, user, password } of rows) {
    if (user && password) {
      const sealed = keyring.seal(new Secret(password), ownerOf(id));
      await tx
        .insertInto("bmc_logins")
        .values({ id: randomUUID(), machine_id: id, user_name: user, password: sealed, accepted: sql<Date>`now()` })
        .execute();
    }
    await sql`update machines set ipmi = ipmi - 'password' where id = ${id}`.execute(tx);
  }
  return rows.length;
}
