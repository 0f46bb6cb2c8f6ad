// Thousands of machines in a moment, as copies of one: with their log, and with an erase that counts.
import { createHash } from "node:crypto";
import { type RawBuilder, sql } from "kysely";
import type { Db } from "../database/schema.ts";

/** Ids spread as real ones are. As `md5(…)::uuid` below. */
export const copyId = (number: number) =>
  createHash("md5")
    .update(String(number))
    .digest("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");

/**
 * Makes the machines {@link copyId} of `from` to `to`, as `model` is.
 * @param differing SQL of a JSON object with columns that differ, over `made (number, id)`
 * @param events how many each has in its log
 */
export async function multiplyMachine(
  db: Db,
  model: string,
  [from, to]: readonly [number, number],
  differing: RawBuilder<unknown> = sql`'{}'::jsonb`,
  events = 1,
): Promise<void> {
  const made = copies(from, to);
  await db.transaction().execute(async (tx) => {
    // The triggers ask for a signed record of every disk of every copy.
    await sql`set local session_replication_role = replica`.execute(tx);
    await sql`
      insert into machines
      select (jsonb_populate_record(null::machines, to_jsonb(m) || jsonb_build_object('id', made.id) || ${differing})).*
      from ${made}, machines m where m.id = ${model}`.execute(tx);
    await sql`insert into provisioning_states (machine_id, last_event_time) select id, now() from ${made}`.execute(tx);
    await sql`
      insert into provisioning_events (machine_id, event, message, time)
      select id, 'Waiting', 'since ' || n, now() - n * interval '1 minute'
      from ${made}, generate_series(1, ${events}::int) n`.execute(tx);
    await sql`
      insert into erase_verdicts
      select (jsonb_populate_record(null::erase_verdicts,
        to_jsonb(v) || jsonb_build_object('id', made.id, 'machine_id', made.id, 'waived_by', 'the test'))).*
      from ${made}, erase_verdicts v where v.machine_id = ${model}`.execute(tx);
  });
  await sql`analyze`.execute(db);
}

/** A table `made (number, id)`. */
export const copies = (from: number, to: number) => sql`
  (select number, md5(number::text)::uuid::text as id from generate_series(${from}::int, ${to}::int) number) made`;
