// What leaves see at their ports in the boot network, against what machines say of themselves.
import { sql } from "kysely";
import type { MachineNic } from "../database/documents.ts";
import type { Db } from "../database/schema.ts";
import { conflict, unprocessable } from "../errors.ts";
import { macsAt, wiredMacs, type Wiring } from "./rules-wiring.ts";
import { changedWantedState, leavesOf } from "./store.ts";

/** A stranger can send with as many addresses as it likes. */
const MAX_SIGHTINGS = 16;
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** Takes over what a switch sees; ports that it does not mention see nothing. */
export async function recordSightings(
  tx: Db,
  switchId: string,
  seen: readonly { readonly port: string; readonly macs: readonly string[] }[],
): Promise<void> {
  const byPort = new Map(
    seen.map(({ port, macs }) => [port, macs.filter((mac) => MAC.test(mac)).slice(0, MAX_SIGHTINGS)]),
  );
  const ports = await tx
    .selectFrom("switch_ports")
    .select(["name", "sightings"])
    .where("switch_id", "=", switchId)
    .execute();
  for (const { name, sightings } of ports) {
    const now = byPort.get(name) ?? [];
    if (now.join() === sightings.join()) continue;
    await tx
      .updateTable("switch_ports")
      .set({ sightings: now })
      .where("switch_id", "=", switchId)
      .where("name", "=", name)
      .execute();
  }
  await tx
    .updateTable("switches")
    .set({ tells_sightings: true })
    .where("id", "=", switchId)
    .where("tells_sightings", "=", false)
    .execute();
}

/**
 * A machine says by LLDP where it is plugged in, and could say anything: a port that was not its own until now must have
 * seen one of its NICs, where the switch tells. Throws 409 while it has not (try again), 422 for a tenant's port.
 */
export async function checkEvidence(
  tx: Db,
  machineId: string,
  { wires }: Wiring,
  macs: readonly string[],
): Promise<void> {
  for (const { switchId, port } of wires) {
    const row = await tx
      .selectFrom("switch_ports as p")
      .innerJoin("switches as s", "s.id", "p.switch_id")
      .leftJoin("allocations as a", "a.machine_id", "p.machine_id")
      .select(["p.machine_id", "p.sightings", "s.tells_sightings", "a.uuid as allocation"])
      .where("p.switch_id", "=", switchId)
      .where("p.name", "=", port)
      .executeTakeFirst();
    if (!row || row.machine_id === machineId) continue;
    if (row.allocation !== null)
      throw unprocessable(
        `${switchId} ${port} belongs to machine ${row.machine_id}, which has a tenant: free it first`,
      );
    if (row.tells_sightings && !row.sightings.some((mac) => macs.includes(mac)))
      throw conflict(
        `${switchId} does not see a NIC of machine ${machineId} at ${port}; check its cables, or try again`,
      );
  }
}

export interface KnownNics {
  /** By port of this switch. */
  readonly here: ReadonlyMap<string, readonly string[]>;
  /** Of machines at other switches of the partition. */
  readonly elsewhere: readonly string[];
}

/** Where the NICs of the partition's machines are, seen from one switch. */
export async function knownNics(db: Db, switchId: string): Promise<KnownNics> {
  const { rows } = await sql<{ switch_id: string; name: string; partition_id: string; nics: MachineNic[] }>`
    select p.switch_id, p.name, s.partition_id, m.hardware -> 'nics' nics
    from switch_ports p join switches s on s.id = p.switch_id join machines m on m.id = p.machine_id
    where s.partition_id = (select partition_id from switches where id = ${switchId}) and m.hardware is not null
    order by p.switch_id, p.name`.execute(db);
  if (rows.length === 0) return { here: new Map(), elsewhere: [] };
  const leaf = (await leavesOf(db, rows[0]!.partition_id)).find(({ id }) => id === switchId)!;
  const here = new Map(
    rows.filter((row) => row.switch_id === switchId).map(({ name, nics }) => [name, macsAt(nics, leaf, name)] as const),
  );
  const local = new Set([...here.values()].flat());
  const all = new Set(rows.flatMap(({ nics }) => wiredMacs(nics)));
  return { here, elsewhere: [...all].filter((mac) => !local.has(mac)).sort() };
}

/** All leaves of the partition keep NICs at their ports, so all have to hear of new ones. */
export async function knownNicsChanged(tx: Db, partitionId: string): Promise<void> {
  const leaves = await tx.selectFrom("switches").select("id").where("partition_id", "=", partitionId).execute();
  await changedWantedState(
    tx,
    leaves.map(({ id }) => id),
  );
}
