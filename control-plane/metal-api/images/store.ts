import type { Changes } from "@metal-stack/database";
import { type Insertable, type Selectable, sql } from "kysely";
import type { Db, Schema } from "../database/schema.ts";
import { alreadyExists, ApiError, changedMeanwhile, notFound, unprocessable } from "../errors.ts";
import { matchingImages, parseImageId, resolveImage } from "./rules.ts";

export type ImageRow = Selectable<Schema["images"]>;

export interface ImageQuery {
  readonly id?: string;
  readonly name?: string;
  readonly os?: string;
  readonly version?: string;
  readonly classification?: string;
  readonly features?: readonly string[];
}

/** All images that have these properties. */
export function findImages(db: Db, query: ImageQuery = {}): Promise<ImageRow[]> {
  let select = db.selectFrom("images").selectAll().orderBy("id");
  if (query.id !== undefined) select = select.where("id", "=", query.id);
  if (query.name !== undefined) select = select.where("name", "=", query.name);
  if (query.os !== undefined) select = select.where("os", "=", query.os);
  if (query.version !== undefined) select = select.where("version_text", "=", query.version);
  if (query.classification !== undefined) select = select.where("classification", "=", query.classification);
  if (query.features?.length) {
    select = select.where(sql<boolean>`features @> ${[...query.features]}::text[]`);
  }
  return select.execute();
}

/** The image with exactly this id. @throws 404 */
export function imageById(db: Db, id: string): Promise<ImageRow> {
  return db
    .selectFrom("images")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirstOrThrow(() => notFound("image", id));
}

/** All images a (partial) id means, newest first. @throws 404 when it is no image id */
export async function imagesMatching(db: Db, id: string): Promise<ImageRow[]> {
  return matchingImages(await imagesOfSameOs(db, id), id);
}

/** The newest image a (partial) id means: "debian-12". @throws 404 when there is none, also when it is no image id */
export async function latestImage(db: Db, id: string): Promise<ImageRow> {
  const image = resolveImage(await imagesOfSameOs(db, id), id);
  if (!image) throw notFound("image", id);
  return image;
}

function imagesOfSameOs(db: Db, id: string): Promise<ImageRow[]> {
  const parsed = parseImageId(id);
  if (!parsed) throw new ApiError(404, `NotFound no image for id:${id} found: it is not <operating system>-<version>`);
  return findImages(db, { os: parsed.os });
}

/** @throws 409 when the id is taken */
export function insertImage(db: Db, row: Insertable<Schema["images"]>): Promise<ImageRow> {
  return db
    .insertInto("images")
    .values(row)
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returningAll()
    .executeTakeFirstOrThrow(() => alreadyExists("image", row.id));
}

/** @throws 409 when `seen` is no longer the stored version */
export function updateImage(
  db: Db,
  seen: { id: string; version: number },
  changes: Changes<Schema["images"]>,
): Promise<ImageRow> {
  return db
    .updateTable("images")
    .set({ ...changes, id: seen.id })
    .where("id", "=", seen.id)
    .where("version", "=", seen.version)
    .returningAll()
    .executeTakeFirstOrThrow(() => changedMeanwhile("image", seen.id));
}

/** @throws 404; 422 while machines use it */
export async function deleteImage(db: Db, id: string): Promise<ImageRow> {
  const users = (await imageUsers(db, [id])).get(id);
  if (users) throw unprocessable(`image ${id} is in use by machines:[${users.join(" ")}]`);
  return db
    .deleteFrom("images")
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirstOrThrow(() => notFound("image", id));
}

/** Which machines are allocated with each image; images without any are not in the map. */
export async function imageUsers(db: Db, ids: readonly string[]): Promise<Map<string, string[]>> {
  const users = new Map<string, string[]>();
  if (ids.length === 0) return users;
  const rows = await db
    .selectFrom("allocations")
    .select(["image_id", "machine_id"])
    .where("image_id", "in", ids)
    .orderBy("machine_id")
    .execute();
  for (const row of rows) users.set(row.image_id, [...(users.get(row.image_id) ?? []), row.machine_id]);
  return users;
}
