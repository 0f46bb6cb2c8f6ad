import { IpamQueue } from "@metal-stack/ipam";
import type { Kysely } from "kysely";

/** A service: what its clients want at the same time goes to PostgreSQL together. */
export async function manyClients(db: Kysely<object>): Promise<string[]> {
  const queue = new IpamQueue(db);
  const clients = Array.from({ length: 20 }, () => queue.acquireAddress("10.0.0.64/26"));
  return Promise.all(clients); // 20 different addresses
}
