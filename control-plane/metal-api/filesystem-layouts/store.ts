import { json } from "@metal-stack/database";
import { type Selectable, sql } from "kysely";
import type { FilesystemLayout } from "../database/documents.ts";
import type { Db, Schema } from "../database/schema.ts";
import { alreadyExists, changedMeanwhile, notFound } from "../errors.ts";

type Row = Selectable<Schema["filesystem_layouts"]>;

/** A layout and the version it was read in. */
export interface StoredLayout extends FilesystemLayout {
  readonly version: number;
}

function fromRow(row: Row): StoredLayout {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    constraints: row.constraints,
    filesystems: row.filesystems,
    disks: row.disks,
    raid: row.raid,
    volumegroups: row.volume_groups,
    logicalvolumes: row.logical_volumes,
    version: row.version,
  };
}

function toRow(layout: FilesystemLayout) {
  return {
    name: layout.name,
    description: layout.description,
    constraints: json(layout.constraints),
    filesystems: json(layout.filesystems),
    disks: json(layout.disks),
    raid: json(layout.raid),
    volume_groups: json(layout.volumegroups),
    logical_volumes: json(layout.logicalvolumes),
  };
}

/** In order of their ids: the first that matches is taken. */
export async function filesystemLayouts(db: Db): Promise<StoredLayout[]> {
  return (await db.selectFrom("filesystem_layouts").selectAll().orderBy("id").execute()).map(fromRow);
}

/** @throws 404 */
export async function filesystemLayoutById(db: Db, id: string): Promise<StoredLayout> {
  const query = db.selectFrom("filesystem_layouts").selectAll().where("id", "=", id);
  return fromRow(await query.executeTakeFirstOrThrow(() => notFound("filesystemlayout", id)));
}

/** One writer of layouts at a time until the transaction ends: the choice must stay clear among all of them. */
export async function lockFilesystemLayouts(tx: Db): Promise<void> {
  await sql`lock table filesystem_layouts in share row exclusive mode`.execute(tx);
}

/** @throws 409 when the id is taken */
export async function insertFilesystemLayout(db: Db, layout: FilesystemLayout): Promise<StoredLayout> {
  const query = db
    .insertInto("filesystem_layouts")
    .values({ id: layout.id, ...toRow(layout) })
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returningAll();
  return fromRow(await query.executeTakeFirstOrThrow(() => alreadyExists("filesystemlayout", layout.id)));
}

/** Replaces all of a layout. @throws 409 when `seen` is no longer the stored version */
export async function replaceFilesystemLayout(
  db: Db,
  seen: { version: number },
  layout: FilesystemLayout,
): Promise<StoredLayout> {
  const query = db
    .updateTable("filesystem_layouts")
    .set(toRow(layout))
    .where("id", "=", layout.id)
    .where("version", "=", seen.version)
    .returningAll();
  return fromRow(await query.executeTakeFirstOrThrow(() => changedMeanwhile("filesystemlayout", layout.id)));
}

/** Allocations keep a copy, so a layout in use may go. @throws 404 */
export async function deleteFilesystemLayout(db: Db, id: string): Promise<StoredLayout> {
  const query = db.deleteFrom("filesystem_layouts").where("id", "=", id).returningAll();
  return fromRow(await query.executeTakeFirstOrThrow(() => notFound("filesystemlayout", id)));
}
