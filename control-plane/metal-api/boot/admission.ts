// What the store knows of a NIC that network-boots, and room for machines that nobody knows.
import { sql } from "kysely";
import type { Db } from "../database/schema.ts";
import { unprocessable } from "../errors.ts";
import type { AdmissionFacts } from "./rules-admission.ts";

/** A power command older than this has no boot to wait for: the slowest firmware takes some minutes. */
const BOOT_EXPECTED_MS = 10 * 60_000;
/** Machines of a partition that neither a BMC nor a cable speaks for. A stranger can invent UUIDs without end. */
const MAX_UNKNOWN = 64;
/** Older ones make room for others. */
const UNKNOWN_LIFETIME_MS = 10 * 60_000;

export async function admissionFacts(db: Db, machineId: string, mac: string, now: Date): Promise<AdmissionFacts> {
  const { rows } = await sql<{
    own: string[];
    other: string | null;
    ports: number;
    telling: number;
    seen: boolean;
    expected: boolean;
  }>`
    select
      array(select nic ->> 'mac' from machines m, jsonb_array_elements(m.hardware -> 'nics') nic where m.id = ${machineId}) own,
      (select id from machines m where id <> ${machineId} and ${nicIs(mac)}
        and exists (select from switch_ports where machine_id = m.id) limit 1) other,
      count(p.name)::int ports,
      count(p.name) filter (where s.tells_sightings)::int telling,
      coalesce(bool_or(${mac} = any (p.sightings)), false) seen,
      exists (select from bmc_commands c where machine_id = ${machineId} and command in ('ON', 'RESET', 'CYCLE', 'PXE')
        and done > ${new Date(now.getTime() - BOOT_EXPECTED_MS)} and error is null
        and not exists (select from machine_certificates where machine_id = ${machineId} and issued > c.done)) expected
    from switch_ports p join switches s on s.id = p.switch_id where p.machine_id = ${machineId}`.execute(db);
  const { own, other, ports, telling, seen, expected } = rows[0]!;
  return {
    mac,
    ownMacs: own,
    otherOwner: other ?? undefined,
    sighting: seen ? "at its port" : ports > 0 && telling === ports ? "not at its port" : "not told",
    bootExpected: expected,
  };
}

/** Another machine in a rack that has one of these NICs. */
export async function ownerOfNics(db: Db, machineId: string, macs: readonly string[]): Promise<string | undefined> {
  if (macs.length === 0) return undefined;
  const { rows } = await sql<{ id: string }>`
    select id from machines m where id <> ${machineId} and (${sql.join(macs.map(nicIs), sql` or `)})
      and exists (select from switch_ports where machine_id = m.id) limit 1`.execute(db);
  return rows[0]?.id;
}

const nicIs = (mac: string) => sql`hardware -> 'nics' @> ${JSON.stringify([{ mac }])}::jsonb`;

/**
 * Before a machine comes into being because somebody on the boot network named it. Throws 422 when there are too many
 * already that nobody else has ever heard of.
 */
export async function makeRoom(tx: Db, machineId: string, partitionId: string | null, now: Date): Promise<void> {
  const known = await tx.selectFrom("machines").select("id").where("id", "=", machineId).executeTakeFirst();
  if (known) return;
  const unknown = sql`
    select id from machines m where partition_id is not distinct from ${partitionId} and bmc_seen is null
      and not exists (select from switch_ports where machine_id = m.id)
      and not exists (select from allocations where machine_id = m.id)`;
  const { rows } = await sql<{ id: string }>`${unknown} limit ${MAX_UNKNOWN}`.execute(tx);
  if (rows.length < MAX_UNKNOWN) return;
  const old = new Date(now.getTime() - UNKNOWN_LIFETIME_MS);
  const { numAffectedRows } = await sql`delete from machines where id in (${unknown} and created < ${old})`.execute(tx);
  if ((numAffectedRows ?? 0n) > 0n) return;
  throw unprocessable(
    `${MAX_UNKNOWN} machines of this partition have been named that neither a BMC nor a cable speaks for; ` +
      `let metal-bmc find this one's BMC, or wait ${UNKNOWN_LIFETIME_MS / 60_000} minutes`,
  );
}
