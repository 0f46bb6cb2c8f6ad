import type { QueryExecutorProvider } from "kysely";

/**
 * Any kysely instance or transaction, whatever its schema. Every operation is one statement: on a transaction it commits
 * with the caller's own rows, on a plain instance at once.
 */
export type Database = QueryExecutorProvider;

/** A kysely transaction, for what takes several statements. */
export type Transaction = Database & { readonly isTransaction: true };
