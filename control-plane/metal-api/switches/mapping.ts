import type { SwitchNic, SwitchResponse } from "@metal-stack/api-schema";
import type { Db } from "../database/schema.ts";
import { partitionResponse } from "../partitions/mapping.ts";
import type { PartitionRow } from "../partitions/store.ts";
import { filtersOf } from "./filters.ts";
import type { Filter } from "./rules-filter.ts";
import { type PortRow, portsOf, type SwitchRow } from "./store.ts";

/** Switches as the REST API shows them; filters are computed at this moment. */
export async function switchResponses(db: Db, rows: readonly SwitchRow[]): Promise<SwitchResponse[]> {
  if (rows.length === 0) return [];
  const ports = await portsOf(
    db,
    rows.map((row) => row.id),
  );
  const partitions = await db
    .selectFrom("partitions")
    .selectAll()
    .where(
      "id",
      "in",
      rows.map((row) => row.partition_id),
    )
    .execute();
  const byId = new Map(partitions.map((partition) => [partition.id, partition]));
  const filters = await filtersOf(db, [...ports.values()].flat());
  return rows.map((row) => switchResponse(row, ports.get(row.id) ?? [], filters, byId.get(row.partition_id)!));
}

function switchResponse(
  row: SwitchRow,
  ports: readonly PortRow[],
  filters: ReadonlyMap<PortRow, Filter | undefined>,
  partition: PartitionRow,
): SwitchResponse {
  const connected = ports.filter((port) => port.machine_id !== null);
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    rack_id: row.rack_id,
    mode: row.mode,
    os: row.os,
    management_ip: row.management_ip,
    management_user: row.management_user,
    console_command: row.console_command,
    // Here a port is as it is wished to be …
    nics: ports.map((port) => nicOf(port, port.admin_status || port.actual, filters.get(port))),
    // … and here as it is; a difference is what clients show.
    connections: connected
      .toSorted((a, b) => a.machine_id!.localeCompare(b.machine_id!))
      .map((port) => ({ nic: nicOf(port, port.actual, undefined), machine_id: port.machine_id! })),
    partition: partitionResponse(partition),
    ...syncsOf(row),
    created: row.created.toISOString(),
    changed: row.changed.toISOString(),
  };
}

function nicOf(port: PortRow, actual: string, filter: Filter | undefined): SwitchNic {
  return {
    mac: port.mac,
    name: port.name,
    identifier: port.identifier,
    vrf: port.vrf,
    actual,
    ...(filter && { filter: { cidrs: [...filter.cidrs], vnis: [...filter.vnis] } }),
    ...(port.bgp_state && { bgp_port_state: port.bgp_state }),
  };
}

export function syncsOf({ last_sync, last_sync_error }: Pick<SwitchRow, "last_sync" | "last_sync_error">) {
  return {
    ...(last_sync && { last_sync }),
    ...(last_sync_error && { last_sync_error }),
  };
}
