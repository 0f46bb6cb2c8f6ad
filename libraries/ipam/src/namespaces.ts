import { sql } from "kysely";
import type { Database } from "./database.ts";
import { IpamError } from "./errors.ts";
import { ROOT_NAMESPACE } from "./prefixes.ts";

/** As in go-ipam, whose namespaces are names of PostgreSQL tables. */
const LONGEST_NAME_BYTES = 63;

/** Makes a namespace; one that exists stays as it is. Throws `invalid` (empty, or longer than 63 bytes). */
export async function createNamespace(db: Database, name: string): Promise<void> {
  const bytes = Buffer.byteLength(name);
  if (bytes === 0 || bytes > LONGEST_NAME_BYTES || name.includes("\0"))
    throw new IpamError("invalid", `a namespace has a name of 1 to ${LONGEST_NAME_BYTES} bytes, not ${bytes}`);
  await sql`insert into ipam.namespaces values (${name}) on conflict do nothing`.execute(db);
}

/** All namespaces, in order of their names; the root namespace is always among them. */
export async function listNamespaces(db: Database): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from ipam.namespaces order by name`.execute(db);
  return rows.map((row) => row.name);
}

/** Throws `no-namespace`, `in-use` (it has prefixes), `invalid` (the root namespace stays). */
export async function deleteNamespace(db: Database, name: string): Promise<void> {
  if (name === ROOT_NAMESPACE) throw new IpamError("invalid", "the root namespace cannot be deleted");
  const { rows } = await sql<{ refusal: string | null }>`
    select refusal from ipam.delete_namespace(${name})`.execute(db);
  if (rows[0]!.refusal === "in-use") throw new IpamError("in-use", "cannot delete namespace with allocated prefixes");
  if (rows[0]!.refusal !== null) throw new IpamError("no-namespace", `unable to find namespace:${name}`);
}
