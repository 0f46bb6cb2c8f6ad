// Which stream sends a partition's commands, and what it sends next.
import { sql } from "kysely";
import type { FirmwareUpdate } from "../database/documents.ts";
import type { Db } from "../database/schema.ts";
import { expireBmcCommands } from "./commands.ts";

/** A stream that does not renew its claim for this long is dead; renewal is every third of it. */
const CLAIM_SECONDS = 30;
export const CLAIM_RENEWAL_MS = (CLAIM_SECONDS * 1000) / 3;
/** Sent at once; the rest follows with the next look. */
const BATCH = 100;

/** @property certificate serial number */
export interface StreamHolder {
  readonly partitionId: string;
  readonly holder: string;
  readonly certificate: string;
}

/**
 * Claims or renews the partition's commands for a stream. False when another stream has them. An agent that connects again
 * takes over from itself at once, because its old stream may look alive for a while; a stand-by with a certificate of its
 * own waits until the other is gone.
 */
export async function claimPartition(db: Db, { partitionId, holder, certificate }: StreamHolder, isNew: boolean) {
  const until = sql`now() + make_interval(secs => ${CLAIM_SECONDS})`;
  const { rows } = await sql`
    insert into bmc_streams as s (partition_id, holder, certificate, until)
    values (${partitionId}, ${holder}, ${certificate}, ${until})
    on conflict (partition_id) do update
      set holder = excluded.holder, certificate = excluded.certificate, until = excluded.until
      where s.holder = ${holder} or s.until < now() or (${isNew} and s.certificate = ${certificate})
    returning 1`.execute(db);
  return rows.length > 0;
}

/** Gives the claim back, so that a stand-by need not wait. */
export async function releasePartition(db: Db, { partitionId, holder }: StreamHolder): Promise<void> {
  await db.deleteFrom("bmc_streams").where("partition_id", "=", partitionId).where("holder", "=", holder).execute();
}

interface Command {
  readonly id: string;
  readonly machine_id: string;
  readonly command: string;
  readonly address: string;
  /** Of PASSWORD. */
  readonly login_id: string | null;
  /** Of UPDATE-FIRMWARE. */
  readonly firmware: FirmwareUpdate | null;
}

/**
 * The open commands but those of `sent`, oldest first, marked as sent. A new stream starts with nothing sent and so repeats
 * what was never answered. (Sequence numbers alone will not do: a transaction may commit after one with a higher number.)
 * Locked in their order, as who replaces them does.
 * Commands for a BMC whose address is not known wait for it until they expire.
 */
export async function nextCommands(db: Db, partitionId: string, sent: readonly string[]): Promise<Command[]> {
  await expireBmcCommands(db);
  const { rows } = await sql<Command>`
    with next as (
      select c.id, m.ipmi from bmc_commands c join machines m on m.id = c.machine_id
      where c.partition_id = ${partitionId} and c.done is null and c.id <> all(${sent})
        and coalesce(m.ipmi ->> 'address', '') <> ''
      order by c.sequence limit ${BATCH} for update of c
    ), marked as (
      update bmc_commands c set sent = now(), attempts = attempts + 1 from next where c.id = next.id
      returning c.id, c.sequence, c.machine_id, c.command, c.login_id, c.firmware, next.ipmi
    )
    select id, machine_id, command, login_id, firmware, ipmi ->> 'address' as address
    from marked order by sequence`.execute(db);
  return rows;
}
