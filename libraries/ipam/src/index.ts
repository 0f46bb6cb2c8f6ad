// IP address management on PostgreSQL: prefixes, children of prefixes, addresses. Knows nothing of who owns them.
// Works inside the caller's transaction, so that an address commits together with the row that uses it.
import { fileURLToPath } from "node:url";

export {
  type Address,
  type AddressFamily,
  BITS,
  contains,
  covers,
  formatAddress,
  formatPrefix,
  overlaps,
  parseAddress,
  parsePrefix,
  type Prefix,
} from "./address.ts";
export { acquireAddress, acquireSpecificAddress, releaseAddress } from "./addresses.ts";
export type { Database, Transaction } from "./database.ts";
export { dump, load } from "./dump.ts";
export * from "./errors.ts";
export * from "./namespaces.ts";
export {
  acquireChildPrefix,
  acquireSpecificChildPrefix,
  createPrefix,
  deletePrefix,
  findOverlap,
  findPrefix,
  listPrefixes,
  releaseChildPrefix,
  ROOT_NAMESPACE,
  type StoredPrefix,
} from "./prefixes.ts";
export * from "./queue.ts";
export * from "./usage.ts";

/** The folder of the plain, numbered .sql files that make the tables (schema `ipam`); run them in your own database. */
export const ipamMigrations = fileURLToPath(new URL("../migrations", import.meta.url));
