// What a list of machines refers to, in a fixed number of queries, however long the list is.
import { type Selectable, sql } from "kysely";
import type { Db, Schema } from "../database/schema.ts";
import { eventsOf } from "../provisioning/store.ts";
import type { References } from "./mapping.ts";
import type { MachineRow } from "./store.ts";

export const EVENTS_SHOWN = 20;

export async function referencesOf(db: Db, machines: readonly MachineRow[]): Promise<References> {
  const rows = <Table extends Referred>(table: Table, id: (machine: MachineRow) => string | null | undefined) =>
    rowsByIds(db, table, [...new Set(machines.flatMap((machine) => id(machine) || []))]);
  const machineIds = machines.map(({ id }) => id);
  const [partitions, sizes, images, containers] = await Promise.all([
    rows("partitions", (machine) => machine.partition_id),
    rows("sizes", (machine) => machine.size_id),
    rows("images", (machine) => machine.allocation?.image_id),
    eventsOf(db, machineIds, EVENTS_SHOWN),
  ]);
  return { partitions, sizes, images, containers };
}

type Referred = "partitions" | "sizes" | "images";

/** Those that exist, by id. */
export async function rowsByIds<Table extends Referred>(
  db: Db,
  table: Table,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Selectable<Schema[Table]>>> {
  if (ids.length === 0) return new Map();
  // One parameter: PostgreSQL takes no more than 65 535.
  const { rows } = await sql<Selectable<Schema[Table]> & { readonly id: string }>`
    select * from ${sql.table(table)} where id = any(${ids}::text[])`.execute(db);
  return new Map(rows.map((row) => [row.id, row]));
}
