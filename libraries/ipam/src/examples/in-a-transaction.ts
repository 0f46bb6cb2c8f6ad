import { acquireAddress, IpamError } from "@metal-stack/ipam";
import { type Kysely, sql } from "kysely";

/** The address and the row that uses it commit together, or neither does. */
export async function addServer(db: Kysely<object>, name: string): Promise<string> {
  return db.transaction().execute(async (tx) => {
    const ip = await acquireAddress(tx, "10.0.0.0/26").catch((error: unknown) => {
      // A refusal leaves the transaction usable: try the next prefix.
      if (error instanceof IpamError && error.code === "no-address-left") return acquireAddress(tx, "10.0.0.64/26");
      throw error;
    });
    await sql`insert into servers (name, ip) values (${name}, ${ip})`.execute(tx);
    return ip;
  });
}
