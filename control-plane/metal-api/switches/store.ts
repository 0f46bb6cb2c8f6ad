// Switches, their ports, and the network that each port is wanted in.
import { notify } from "@metal-stack/database";
import { type Selectable, sql } from "kysely";
import type { Db, Schema } from "../database/schema.ts";
import type { Leaf, Wiring } from "./rules-wiring.ts";

export type SwitchRow = Selectable<Schema["switches"]>;
export type PortRow = Selectable<Schema["switch_ports"]>;

export async function switchById(db: Db, id: string): Promise<SwitchRow | undefined> {
  return db.selectFrom("switches").selectAll().where("id", "=", id).executeTakeFirst();
}

/** As {@link switchById}, locked until the transaction ends: whoever changes ports holds this. */
export async function lockSwitch(tx: Db, id: string): Promise<SwitchRow | undefined> {
  return tx.selectFrom("switches").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
}

/** Switches are locked before their ports, by everybody, and in one order: otherwise two might wait for each other. */
export async function lockSwitches(tx: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.selectFrom("switches").select("id").where("id", "in", ids).orderBy("id").forUpdate().execute();
}

async function switchIdsOf(db: Db, machineId: string): Promise<string[]> {
  const ports = await db
    .selectFrom("switch_ports")
    .select("switch_id")
    .distinct()
    .where("machine_id", "=", machineId)
    .execute();
  return ports.map((port) => port.switch_id);
}

/** The ports of these switches, by switch and name. */
export async function portsOf(db: Db, switchIds: readonly string[]): Promise<Map<string, PortRow[]>> {
  if (switchIds.length === 0) return new Map();
  const ports = await db
    .selectFrom("switch_ports")
    .selectAll()
    .where("switch_id", "in", switchIds)
    .orderBy("switch_id")
    .orderBy("name")
    .execute();
  return Map.groupBy(ports, (port) => port.switch_id);
}

/** The switches of a partition with their ports, for finding a machine's wiring. */
export async function leavesOf(db: Db, partitionId: string): Promise<Leaf[]> {
  const switches = await db
    .selectFrom("switches")
    .select(["id", "name", "rack_id"])
    .where("partition_id", "=", partitionId)
    .orderBy("id")
    .execute();
  const ports = await portsOf(
    db,
    switches.map(({ id }) => id),
  );
  return switches.map(({ id, name, rack_id }) => ({
    id,
    name,
    rackId: rack_id,
    ports: (ports.get(id) ?? []).map((port) => ({
      name: port.name,
      mac: port.mac,
      identifier: port.identifier,
      machineId: port.machine_id,
    })),
  }));
}

/**
 * Plugs a machine in. A port that moves to it from another machine, or leaves it, goes back to the boot network;
 * one that stays keeps its network.
 */
export async function connectMachine(tx: Db, machineId: string, { wires }: Wiring): Promise<void> {
  const known = await switchIdsOf(tx, machineId);
  await lockSwitches(tx, [...known, ...wires.map((wire) => wire.switchId)]);
  const isWire = wires.map(({ switchId, port }) => sql<boolean>`(switch_id = ${switchId} and name = ${port})`);
  const wired = sql<boolean>`(${sql.join(isWire, sql` or `)})`;
  const changed = await sql<{ switch_id: string }>`
    update switch_ports
    set machine_id = case when ${wired} then ${machineId} end, vrf = ''
    where (${wired} and machine_id is distinct from ${machineId}) or (machine_id = ${machineId} and not ${wired})
    returning switch_id`.execute(tx);
  await changedWantedState(
    tx,
    changed.rows.map((row) => row.switch_id),
  );
}

/**
 * Puts the ports of a machine into a network: "" the boot network, "default" a firewall's, "vrf<number>" a tenant's.
 * Announces it to the switches; a repetition changes nothing.
 */
export async function setVrfOfMachine(tx: Db, machineId: string, vrf: string): Promise<void> {
  await lockSwitches(tx, await switchIdsOf(tx, machineId));
  const ports = await tx
    .updateTable("switch_ports")
    .set({ vrf })
    .where("machine_id", "=", machineId)
    .where("vrf", "!=", vrf)
    .returning("switch_id")
    .execute();
  await changedWantedState(
    tx,
    ports.map((port) => port.switch_id),
  );
}

/** Counts the generation of these switches up and announces it. Ids in one order, against deadlocks. */
export async function changedWantedState(tx: Db, switchIds: readonly string[]): Promise<void> {
  for (const id of [...new Set(switchIds)].sort()) {
    await tx
      .updateTable("switches")
      .set((row) => ({
        generation: row("generation", "+", 1),
        version: row("version", "+", 1),
        changed: sql<Date>`now()`,
      }))
      .where("id", "=", id)
      .execute();
    await notify(tx, "switch", id);
  }
}

/** Whether a port of this switch leads to the machine. */
export async function isConnected(db: Db, switchId: string, machineIds: readonly string[]): Promise<Set<string>> {
  if (machineIds.length === 0) return new Set();
  const ports = await db
    .selectFrom("switch_ports")
    .select("machine_id")
    .where("switch_id", "=", switchId)
    .where("machine_id", "in", machineIds)
    .execute();
  return new Set(ports.flatMap((port) => port.machine_id ?? []));
}
