// The BGP filters of a switch's ports, computed from what is allocated behind them and kept in the port's row, so that
// the switch is told when, and only when, one changes.
import { json } from "@metal-stack/database";
import { sql } from "kysely";
import type { Db } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { type Filter, type FilterFacts, filterOf } from "./rules-filter.ts";
import { changedWantedState, lockSwitch, type PortRow, portsOf } from "./store.ts";

/** The filter of each of these ports, of whichever switches; undefined for ports without an allocated machine. */
export async function filtersOf(db: Db, ports: readonly PortRow[]): Promise<Map<PortRow, Filter | undefined>> {
  const facts = await factsByMachine(db, [...new Set(ports.flatMap((port) => port.machine_id ?? []))]);
  return new Map(
    ports.map((port) => {
      const behind = port.machine_id === null ? undefined : facts.get(port.machine_id);
      return [port, behind && filterOf(behind, port.vrf)];
    }),
  );
}

/** Brings the stored filters up to date; a change counts the generation up. Needs no transaction of the caller. */
export async function refreshFilters(db: Db, switchId: string): Promise<void> {
  await transact(db, async (tx) => {
    if (!(await lockSwitch(tx, switchId))) return;
    const ports = (await portsOf(tx, [switchId])).get(switchId) ?? [];
    const filters = await filtersOf(tx, ports);
    let changes = 0;
    for (const port of ports) {
      const filter = filters.get(port) ?? {};
      if (sameFilter(port.filter, filter)) continue;
      changes += 1;
      await tx
        .updateTable("switch_ports")
        .set({ filter: json(filter) })
        .where("switch_id", "=", switchId)
        .where("name", "=", port.name)
        .execute();
    }
    if (changes > 0) await changedWantedState(tx, [switchId]);
  });
}

function sameFilter(one: Partial<Filter>, other: Partial<Filter>): boolean {
  const text = ({ cidrs, vnis }: Partial<Filter>) => JSON.stringify([cidrs ?? null, vnis ?? null]);
  return text(one) === text(other);
}

async function factsByMachine(db: Db, machineIds: readonly string[]): Promise<Map<string, FilterFacts>> {
  if (machineIds.length === 0) return new Map();
  const allocations = await db
    .selectFrom("allocations")
    .select(["machine_id", "role", "networks", "project_id"])
    .where("machine_id", "=", anyOf(machineIds))
    .execute();
  if (allocations.length === 0) return new Map();

  const privateIds = allocations.flatMap(({ networks }) => networks.filter((n) => n.private).map((n) => n.networkid));
  const [parents, ips] = await Promise.all([
    privateIds.length === 0
      ? []
      : db
          .selectFrom("networks as own")
          .innerJoin("networks as parent", "parent.id", "own.parent_network_id")
          .select(["own.id", "parent.additional_announcable_cidrs as cidrs"])
          .where("own.id", "=", anyOf(privateIds))
          .execute(),
    db
      .selectFrom("ips")
      .select(["ip", "project_id"])
      .where("project_id", "=", anyOf(allocations.map((allocation) => allocation.project_id)))
      .execute(),
  ]);
  const announcable = new Map(parents.map(({ id, cidrs }) => [id, cidrs]));
  const ipsByProject = Map.groupBy(ips, (ip) => ip.project_id);
  return new Map(
    allocations.map(({ machine_id, role, networks, project_id }) => [
      machine_id,
      {
        role,
        networks,
        announcable: networks.flatMap((network) => announcable.get(network.networkid) ?? []),
        projectIps: (ipsByProject.get(project_id) ?? []).map(({ ip }) => ip),
      },
    ]),
  );
}

/** One parameter, however many there are: a list of all switches asks for all their machines. */
function anyOf(ids: readonly string[]) {
  return sql<string>`any(${[...new Set(ids)]}::text[])`;
}
