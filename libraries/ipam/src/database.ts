import type { QueryExecutorProvider } from "kysely";

/**
 * Any kysely instance or transaction, whatever its schema. Every operation is one statement: on a transaction it commits
 * with the caller's own rows, on a plain instance at once.
 */
export type Database = QueryExecutorProvider;
