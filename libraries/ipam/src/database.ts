import type { QueryExecutorProvider } from "kysely";

/** Any kysely instance or transaction, whatever its schema. */
export type Reader = QueryExecutorProvider;

/** A kysely transaction: what several statements change belongs together, and commits with the caller's own rows. */
export type Writer = QueryExecutorProvider & { readonly isTransaction: true };
