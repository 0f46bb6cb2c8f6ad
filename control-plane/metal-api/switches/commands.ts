// What a switch, or an operator for it, may have done; one set of rules for REST and gRPC.
import { json } from "@metal-stack/database";
import { sql } from "kysely";
import type { BgpPortState, SwitchOs } from "../database/documents.ts";
import type { Db } from "../database/schema.ts";
import { ApiError, badRequest, notFound, unprocessable } from "../errors.ts";
import { replaceSwitch } from "./replacement.ts";
import { type KnownPort, portChanges, PortsRefused, type ReportedPort } from "./rules-ports.ts";
import { changedWantedState, lockSwitch, lockSwitches, portsOf, switchById, type SwitchRow } from "./store.ts";

/** Far more than any switch has; a report beyond is a mistake or an attack. */
const MAX_PORTS = 1024;

export interface SwitchReport {
  readonly id: string;
  /** Absent: unchanged, empty for a new switch. */
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly partitionId: string;
  readonly rackId: string;
  readonly ports: readonly ReportedPort[];
  readonly os: SwitchOs;
  readonly managementIp: string;
  readonly managementUser: string;
}

/**
 * A switch tells what it is. Ports keep their networks; answers whether it was new.
 * @param vendors that its system may have; any when absent
 */
export async function registerSwitch(
  tx: Db,
  report: SwitchReport,
  vendors?: readonly string[],
): Promise<{ created: boolean }> {
  if (report.id === "") throw badRequest("uuid cannot be empty");
  if (report.ports.length > MAX_PORTS) throw badRequest(`a switch has at most ${MAX_PORTS} ports`);
  const partition = await tx
    .selectFrom("partitions")
    .select("id")
    .where("id", "=", report.partitionId)
    .executeTakeFirst();
  if (!partition) throw notFound("partition", report.partitionId);
  const { vendor = "" } = report.os;
  if (vendors && !vendors.includes(vendor)) throw unprocessable(`unknown switch os vendor ${vendor}`);

  const created = await insertSwitch(tx, report);
  const known = created ? undefined : await lockKnown(tx, report.id);
  if (known?.mode === "replace") {
    changesOrRefusal([], report.ports);
    await replaceSwitch(tx, known, { ...report, name: report.name ?? known.name }, report.ports);
    await updateSwitch(tx, known, report, []);
    return { created };
  }
  const ports = ((await portsOf(tx, [report.id])).get(report.id) ?? []).map((port): KnownPort => {
    const { name, mac, identifier, machine_id } = port;
    return { name, mac, identifier, machineId: machine_id };
  });
  if (known) await updateSwitch(tx, known, report, ports);
  await writePorts(tx, report.id, ports, report.ports);
  return { created };
}

/** A switch that is replaced is locked together with its rack, in the order in which everybody locks switches. */
async function lockKnown(tx: Db, id: string): Promise<SwitchRow | undefined> {
  const known = await switchById(tx, id);
  if (known?.mode === "replace") {
    const rack = await tx
      .selectFrom("switches")
      .select("id")
      .where("partition_id", "=", known.partition_id)
      .where("rack_id", "=", known.rack_id)
      .execute();
    await lockSwitches(
      tx,
      rack.map((leaf) => leaf.id),
    );
  }
  return lockSwitch(tx, id);
}

/** False when the switch is known. */
async function insertSwitch(tx: Db, report: SwitchReport): Promise<boolean> {
  const inserted = await tx
    .insertInto("switches")
    .values({
      ...told(report),
      id: report.id,
      name: report.name ?? "",
      description: report.description ?? "",
      mode: "",
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .executeTakeFirst();
  return inserted !== undefined;
}

async function updateSwitch(tx: Db, known: SwitchRow, report: SwitchReport, ports: readonly KnownPort[]) {
  const moved = known.partition_id !== report.partitionId || known.rack_id !== report.rackId;
  if (moved && ports.some((port) => port.machineId !== null)) {
    throw unprocessable(
      `switch ${report.id} has machines connected in partition "${known.partition_id}", rack "${known.rack_id}"; ` +
        `it cannot move to partition "${report.partitionId}", rack "${report.rackId}"`,
    );
  }
  await tx
    .updateTable("switches")
    .set((row) => ({
      ...told(report),
      ...(report.name !== undefined && { name: report.name }),
      ...(report.description !== undefined && { description: report.description }),
      changed: sql<Date>`now()`,
      version: row("version", "+", 1),
    }))
    .where("id", "=", report.id)
    .execute();
}

const told = ({ partitionId, rackId, os, managementIp, managementUser }: SwitchReport) => ({
  partition_id: partitionId,
  rack_id: rackId,
  os: json(os),
  management_ip: managementIp,
  management_user: managementUser,
});

async function writePorts(tx: Db, switchId: string, known: readonly KnownPort[], reported: readonly ReportedPort[]) {
  const { added, changed, removed } = changesOrRefusal(known, reported);
  const gone = [...removed, ...changed.map(({ from }) => from)];
  const kept = (await portsOf(tx, [switchId])).get(switchId) ?? [];
  if (gone.length > 0) {
    await tx.deleteFrom("switch_ports").where("switch_id", "=", switchId).where("name", "in", gone).execute();
  }
  // A renamed port is a new row with the old one's network: names may also be exchanged among ports.
  const rows = [
    ...added.map((port) => ({ switch_id: switchId, ...port })),
    ...changed.map(({ from, to }) => {
      const { filter, bgp_state: _, ...row } = kept.find((port) => port.name === from)!;
      return { ...row, ...to, filter: json(filter) };
    }),
  ];
  if (rows.length === 0 && gone.length === 0) return;
  for (const row of rows) await tx.insertInto("switch_ports").values(row).execute();
  await changedWantedState(tx, [switchId]);
}

function changesOrRefusal(known: readonly KnownPort[], reported: readonly ReportedPort[]) {
  try {
    return portChanges(known, reported);
  } catch (error) {
    throw error instanceof PortsRefused ? new ApiError(error.status, error.message) : error;
  }
}

export interface SyncReport {
  /** nanoseconds */
  readonly durationNs: number;
  /** Undefined when the switch applied everything. */
  readonly error: string | undefined;
  /** Absent when not told. */
  readonly portStates?: Readonly<Record<string, string>> | undefined;
  readonly bgpStates?: Readonly<Record<string, BgpPortState>> | undefined;
  readonly appliedGeneration?: number | undefined;
}

/** A switch tells how applying went and how its ports are. Unknown ports and states are ignored. Throws 404. */
export async function recordSync(tx: Db, switchId: string, report: SyncReport, now: Date): Promise<SwitchRow> {
  const sync = { time: now.toISOString(), duration: report.durationNs };
  const row = await tx
    .updateTable("switches")
    .set({
      ...(report.error === undefined
        ? { last_sync: json(sync) }
        : { last_sync_error: json({ ...sync, error: report.error }) }),
      ...(report.appliedGeneration !== undefined && { applied_generation: report.appliedGeneration }),
    })
    .where("id", "=", switchId)
    .returningAll()
    .executeTakeFirst();
  if (!row) throw notFound("switch", switchId);
  const ports = (await portsOf(tx, [switchId])).get(switchId) ?? [];
  for (const port of ports) {
    const told = report.portStates?.[port.name] ?? port.actual;
    const actual = isPortState(told) ? told : port.actual;
    const bgp = report.bgpStates ? (report.bgpStates[port.name] ?? null) : port.bgp_state;
    // What was wished for and is now so needs no wish any more.
    const wish = actual === port.admin_status && actual === "UP" ? "" : port.admin_status;
    if (actual === port.actual && wish === port.admin_status && sameBgp(bgp, port.bgp_state)) continue;
    await tx
      .updateTable("switch_ports")
      .set({ actual, admin_status: wish, bgp_state: bgp && json(bgp) })
      .where("switch_id", "=", switchId)
      .where("name", "=", port.name)
      .execute();
  }
  return row;
}

function isPortState(text: string): text is "UP" | "DOWN" | "UNKNOWN" {
  return text === "UP" || text === "DOWN" || text === "UNKNOWN";
}

function sameBgp(one: BgpPortState | null, other: BgpPortState | null): boolean {
  if (!one || !other) return one === other;
  return (Object.keys(one) as (keyof BgpPortState)[]).every((key) => one[key] === other[key]);
}

/** Switches a port with a machine on or off. Throws 400 for an impossible status or a free port, 404. */
export async function togglePort(tx: Db, switchId: string, nic: string, status: string): Promise<SwitchRow> {
  if (status !== "UP" && status !== "DOWN") throw badRequest(`the status "${status}" must be concrete`);
  const row = await lockSwitch(tx, switchId);
  if (!row) throw notFound("switch", switchId);
  const ports = (await portsOf(tx, [switchId])).get(switchId) ?? [];
  const port = ports.find((candidate) => candidate.name.toLowerCase() === nic.toLowerCase());
  if (!port) throw new ApiError(404, `the nic "${nic}" does not exist in this switch`);
  if (port.machine_id === null)
    throw badRequest(`switch "${switchId}" does not have a connected machine at port "${nic}"`);
  // A port is up unless it is wished to be down.
  const wish = status === "UP" && port.actual === "UP" && port.admin_status !== "DOWN" ? "" : status;
  if (wish === port.admin_status) return row;
  await tx
    .updateTable("switch_ports")
    .set({ admin_status: wish })
    .where("switch_id", "=", switchId)
    .where("name", "=", port.name)
    .execute();
  await changedWantedState(tx, [switchId]);
  return row;
}

/** Removes a switch. Throws 404, and 400 while machines are connected unless forced. */
export async function deleteSwitch(tx: Db, switchId: string, force: boolean): Promise<void> {
  if (!(await lockSwitch(tx, switchId))) throw notFound("switch", switchId);
  const ports = (await portsOf(tx, [switchId])).get(switchId) ?? [];
  if (!force && ports.some((port) => port.machine_id !== null))
    throw badRequest(`cannot delete switch ${switchId} while it still has machines connected to it`);
  await tx.deleteFrom("switches").where("id", "=", switchId).execute();
}
