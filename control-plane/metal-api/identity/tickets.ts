// Single-use tickets: what pixiecore puts on the kernel's command line so that one machine can ask for its certificate.
import { createHash, randomBytes } from "node:crypto";
import type { Db } from "../database/schema.ts";

/** Long enough for the slowest firmware to load the discovery image, short enough to be worthless in a log. */
const TICKET_LIFETIME_MS = 10 * 60_000;
const TICKET_BYTES = 32;
/** Base64url of 32 bytes. */
const TICKET_FORM = /^[\w-]{43}$/;

const hashOf = (ticket: string) => createHash("sha256").update(ticket).digest();

/** A new ticket for a machine; the ones it had are void. Only its hash is stored. */
export async function createTicket(db: Db, machineId: string, partitionId: string, now: Date): Promise<string> {
  const ticket = randomBytes(TICKET_BYTES).toString("base64url");
  await db.deleteFrom("tickets").where("machine_id", "=", machineId).execute();
  await db
    .insertInto("tickets")
    .values({
      hash: hashOf(ticket),
      machine_id: machineId,
      partition_id: partitionId,
      created: now,
      expires: new Date(now.getTime() + TICKET_LIFETIME_MS),
    })
    .execute();
  return ticket;
}

/**
 * Spends a ticket, atomically: of any number of callers one gets true. Presenting it in the name of another machine
 * spends it, too. An expired ticket is worth nothing.
 */
export async function spendTicket(db: Db, ticket: string, machineId: string, now: Date): Promise<boolean> {
  if (!TICKET_FORM.test(ticket)) return false;
  const spent = await db
    .updateTable("tickets")
    .set({ used: now })
    .where("hash", "=", hashOf(ticket))
    .where("used", "is", null)
    .where("expires", ">", now)
    .returning("machine_id")
    .executeTakeFirst();
  return spent?.machine_id === machineId;
}
