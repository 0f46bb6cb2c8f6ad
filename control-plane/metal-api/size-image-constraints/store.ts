import { type Insertable, type Selectable, type Updateable } from "kysely";
import type { Db, Schema } from "../database/schema.ts";
import { alreadyExists, changedMeanwhile, notFound, unprocessable } from "../errors.ts";
import { imageProblemOfSize } from "./rules.ts";

export type SizeImageConstraintRow = Selectable<Schema["size_image_constraints"]>;

export function sizeImageConstraints(db: Db): Promise<SizeImageConstraintRow[]> {
  return db.selectFrom("size_image_constraints").selectAll().orderBy("id").execute();
}

/** @throws 404 */
export function sizeImageConstraintById(db: Db, id: string): Promise<SizeImageConstraintRow> {
  return db
    .selectFrom("size_image_constraints")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirstOrThrow(() => notFound("sizeimageconstraint", id));
}

/** @param imageId with its patch. @throws 422 when machines of the size cannot run it */
export async function checkImageOfSize(db: Db, sizeId: string, imageId: string): Promise<void> {
  const constraint = await db
    .selectFrom("size_image_constraints")
    .select("images")
    .where("id", "=", sizeId)
    .executeTakeFirst();
  const problem = constraint && imageProblemOfSize(sizeId, constraint.images, imageId);
  if (problem !== undefined) throw unprocessable(problem);
}

/** @throws 409 when the id is taken */
export function insertSizeImageConstraint(
  db: Db,
  row: Insertable<Schema["size_image_constraints"]>,
): Promise<SizeImageConstraintRow> {
  return db
    .insertInto("size_image_constraints")
    .values(row)
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returningAll()
    .executeTakeFirstOrThrow(() => alreadyExists("sizeimageconstraint", row.id));
}

/** @throws 409 when `seen` is no longer the stored version */
export function updateSizeImageConstraint(
  db: Db,
  seen: { id: string; version: number },
  changes: Updateable<Schema["size_image_constraints"]>,
): Promise<SizeImageConstraintRow> {
  return db
    .updateTable("size_image_constraints")
    .set(changes)
    .where("id", "=", seen.id)
    .where("version", "=", seen.version)
    .returningAll()
    .executeTakeFirstOrThrow(() => changedMeanwhile("sizeimageconstraint", seen.id));
}

/** @throws 404 */
export function deleteSizeImageConstraint(db: Db, id: string): Promise<SizeImageConstraintRow> {
  return db
    .deleteFrom("size_image_constraints")
    .where("id", "=", id)
    .returningAll()
    .executeTakeFirstOrThrow(() => notFound("sizeimageconstraint", id));
}
