// The certificates of machines in the store: enough to refuse one before it ends by itself.
import { notify } from "@metal-stack/database";
import type { Db } from "../database/schema.ts";
import type { IssuedCertificate } from "./authority.ts";

export async function storeCertificate(db: Db, machineId: string, certificate: IssuedCertificate, now: Date) {
  // What ended long ago needs no memory.
  await db
    .deleteFrom("machine_certificates")
    .where("machine_id", "=", machineId)
    .where("not_after", "<", now)
    .execute();
  await db
    .insertInto("machine_certificates")
    .values({
      serial: certificate.serial,
      machine_id: machineId,
      issued: now,
      not_after: certificate.notAfter,
    })
    .execute();
}

/** False for revoked, ended and unknown certificates, and for another machine's. */
export async function certificateIsValid(db: Db, machineId: string, serial: string, now: Date): Promise<boolean> {
  const row = await db
    .selectFrom("machine_certificates")
    .select("serial")
    .where("serial", "=", serial)
    .where("machine_id", "=", machineId)
    .where("revoked", "is", null)
    .where("not_after", ">", now)
    .executeTakeFirst();
  return row !== undefined;
}

/** From now on none of the machine's certificates is accepted. */
export async function revokeCertificates(db: Db, machineId: string, now: Date): Promise<void> {
  await db
    .updateTable("machine_certificates")
    .set({ revoked: now })
    .where("machine_id", "=", machineId)
    .where("revoked", "is", null)
    .execute();
  // Streams that were opened with them end.
  await notify(db, "machine", machineId);
}

/** Neither its certificates nor its tickets; its next boot gets new ones. */
export async function revokeIdentity(db: Db, machineId: string, now: Date): Promise<void> {
  await revokeCertificates(db, machineId, now);
  await db.deleteFrom("tickets").where("machine_id", "=", machineId).execute();
}
