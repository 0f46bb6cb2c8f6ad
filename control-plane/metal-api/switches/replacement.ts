// A switch takes over for another one: networks and machines of its ports, and what the machines know of them. All in the
// caller's transaction, so there is no half of it.
import { json, notify } from "@metal-stack/database";
import { sql } from "kysely";
import type { Hardware } from "../database/documents.ts";
import type { Db } from "../database/schema.ts";
import { badRequest, notFound, unprocessable } from "../errors.ts";
import type { ReportedPort } from "./rules-ports.ts";
import { counterparts, twinOf } from "./rules-replacement.ts";
import { effectiveIdentifier } from "./rules-wiring.ts";
import { knownNicsChanged } from "./sightings.ts";
import { lockSwitches, type PortRow, portsOf, switchById, type SwitchRow } from "./store.ts";

/** Moves machines and networks from one switch to another of its rack; moving back undoes it. Throws 400, 404, 422. */
export async function migrateSwitch(tx: Db, oldId: string, newId: string): Promise<void> {
  if (oldId === "") throw badRequest("old switch id cannot be empty");
  if (newId === "") throw badRequest("new switch id cannot be empty");
  await lockSwitches(tx, [oldId, newId]);
  const from = (await switchById(tx, oldId)) ?? missing(oldId);
  const to = (await switchById(tx, newId)) ?? missing(newId);
  if (from.rack_id !== to.rack_id || from.partition_id !== to.partition_id)
    throw badRequest("new switch must be in the same rack as the old one");
  const ports = await portsOf(tx, [oldId, newId]);
  const [before, now] = [ports.get(oldId) ?? [], ports.get(newId) ?? []];
  if (now.some((port) => port.machine_id !== null)) throw badRequest("target switch already has machine connections");
  await adopt(tx, to, before, now);
  await renameNeighbours(tx, before, counterparts(before, now, to.name), to.name);
  // Nobody is at the old one any more; what is plugged in there begins as a stranger.
  await tx
    .updateTable("switch_ports")
    .set({ machine_id: null, vrf: "" })
    .where("switch_id", "=", oldId)
    .where("machine_id", "is not", null)
    .execute();
  await knownNicsChanged(tx, to.partition_id);
}

/**
 * The hardware of a switch in replace mode was exchanged: the new one, with these ports, gets what the other leaf of the rack
 * has. Throws 422; the switch then stays in replace mode.
 */
export async function replaceSwitch(
  tx: Db,
  { id, partition_id: partitionId, rack_id: rackId }: SwitchRow,
  reported: { readonly partitionId: string; readonly rackId: string; readonly name: string },
  nics: readonly ReportedPort[],
): Promise<void> {
  for (const [what, old, now] of [
    ["partitions", partitionId, reported.partitionId],
    ["racks", rackId, reported.rackId],
  ] as const)
    if (old !== now) throw unprocessable(`old and new switch belong to different ${what}, old: ${old}, new: ${now}`);
  const rack = await tx
    .selectFrom("switches")
    .select(["id", "mode"])
    .where("partition_id", "=", partitionId)
    .where("rack_id", "=", rackId)
    .execute();
  const ids = rack.map((leaf) => leaf.id);
  const ports = await portsOf(tx, ids);
  const connected = (leaf: string) => (ports.get(leaf) ?? []).some((port) => port.machine_id !== null);
  const leaves = rack.map((leaf) => ({ ...leaf, connected: connected(leaf.id) }));
  const twin = ports.get(twinOf({ id, partitionId, rackId }, leaves))!;
  const before = ports.get(id) ?? [];
  counterparts(twin, nics, reported.name);
  await tx.deleteFrom("switch_ports").where("switch_id", "=", id).execute();
  for (const { name, mac, identifier } of nics)
    await tx.insertInto("switch_ports").values({ switch_id: id, name, mac, identifier }).execute();
  await adopt(tx, { id, name: reported.name }, twin, nics);
  const lost = before.filter((port) => port.machine_id !== null);
  await renameNeighbours(tx, lost, counterparts(lost, nics, reported.name), reported.name);
  await knownNicsChanged(tx, partitionId);
}

/** Networks and machines of these ports to the same places of another switch, which works from now on. */
async function adopt(
  tx: Db,
  to: { readonly id: string; readonly name: string },
  from: readonly PortRow[],
  ports: readonly ReportedPort[],
): Promise<void> {
  const places = counterparts(from, ports, to.name);
  for (const { name, vrf, machine_id } of from)
    await tx
      .updateTable("switch_ports")
      .set({ vrf, machine_id })
      .where("switch_id", "=", to.id)
      .where("name", "=", places.get(name)!.name)
      .execute();
  await tx
    .updateTable("switches")
    .set((row) => ({ mode: "operational", changed: sql<Date>`now()`, version: row("version", "+", 1) }))
    .where("id", "=", to.id)
    .execute();
}

/** What the machines heard at the old ports they will hear at the new ones; until they register again nobody else says so. */
async function renameNeighbours(
  tx: Db,
  old: readonly PortRow[],
  places: ReadonlyMap<string, ReportedPort>,
  hostname: string,
): Promise<void> {
  for (const machineId of new Set(old.flatMap((port) => port.machine_id ?? []))) {
    const renamed = new Map(
      old
        .filter((port) => port.machine_id === machineId)
        .map((port) => [effectiveIdentifier(port), places.get(port.name)!]),
    );
    const machine = await tx.selectFrom("machines").select("hardware").where("id", "=", machineId).executeTakeFirst();
    if (!machine?.hardware) continue;
    const hardware = withNeighbours(machine.hardware, renamed, hostname);
    await tx
      .updateTable("machines")
      .set({ hardware: json(hardware) })
      .where("id", "=", machineId)
      .execute();
    await notify(tx, "machine", machineId);
  }
}

function withNeighbours(hardware: Hardware, renamed: ReadonlyMap<string, ReportedPort>, hostname: string): Hardware {
  const nics = hardware.nics.map((nic) => ({
    ...nic,
    neighbors: nic.neighbors.map((neighbour) => {
      const port = renamed.get(effectiveIdentifier(neighbour));
      return port ? { ...neighbour, name: port.name, mac: port.mac, identifier: port.identifier, hostname } : neighbour;
    }),
  }));
  return { ...hardware, nics };
}

function missing(id: string): never {
  throw notFound("switch", id);
}
