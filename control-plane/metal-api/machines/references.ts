// What a list of machines refers to, in a fixed number of queries, however long the list is.
import { sql } from "kysely";
import type { Db } from "../database/schema.ts";
import { eventsOf } from "../provisioning/store.ts";
import type { References } from "./mapping.ts";
import type { MachineRow } from "./store.ts";

const EVENTS = 20;

export async function referencesOf(db: Db, machines: readonly MachineRow[]): Promise<References> {
  const ids = (id: (machine: MachineRow) => string | null | undefined) => [
    ...new Set(machines.flatMap((machine) => id(machine) || [])),
  ];
  const among = (ids: readonly string[]) => sql<string>`any(${ids}::text[])`;
  const partitionIds = among(ids((machine) => machine.partition_id));
  const sizeIds = among(ids((machine) => machine.size_id));
  const imageIds = among(ids((machine) => machine.allocation?.image_id));
  const machineIds = machines.map(({ id }) => id);
  const [partitions, sizes, images, containers] = await Promise.all([
    db.selectFrom("partitions").selectAll().where("id", "=", partitionIds).execute(),
    db.selectFrom("sizes").selectAll().where("id", "=", sizeIds).execute(),
    db.selectFrom("images").selectAll().where("id", "=", imageIds).execute(),
    eventsOf(db, machineIds, EVENTS),
  ]);
  return { partitions: byId(partitions), sizes: byId(sizes), images: byId(images), containers };
}

function byId<Row extends { readonly id: string }>(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row.id, row]));
}
