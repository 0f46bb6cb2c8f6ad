// Types of columns whose TypeScript form needs care.
import type { ColumnType, Generated, Updateable } from "kysely";

declare const contentOf: unique symbol;

/** JSON text of a T. Only {@link json} makes one, so a document cannot reach a jsonb column unserialised. */
export type JsonText<T> = string & { readonly [contentOf]: T };

/** A jsonb column: read as T, written as `json(value)`. */
export type Json<T> = ColumnType<T, JsonText<T>, JsonText<T>>;

/** A jsonb column with a default. */
export type JsonDefault<T> = ColumnType<T, JsonText<T> | undefined, JsonText<T>>;

/** A nullable jsonb column. */
export type JsonOrNull<T> = ColumnType<T | null, JsonText<T> | null | undefined, JsonText<T> | null>;

/** A timestamptz column with a default. */
export type Timestamp = Generated<Date>;

/** A column the database alone writes. */
export type ReadOnly<T> = ColumnType<T, never, never>;

/** What an update sets; undefined leaves a column as it is. */
export type Changes<Table> = { [Column in keyof Updateable<Table>]?: Updateable<Table>[Column] | undefined };

/** The value for a jsonb column. (node-postgres would write an array as a PostgreSQL array.) */
export function json<T>(value: T): JsonText<T> {
  return JSON.stringify(value) as JsonText<T>;
}
