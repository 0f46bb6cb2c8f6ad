// Projects are masterdata's, what belongs to them is ours, and no transaction spans both. Advisory locks of our database
// take its place: who takes something for a project shares the project's lock and asks masterdata under it; who deletes
// or changes the project has the lock alone until masterdata has done it. So nothing is ever taken for a project that is
// gone, and nobody counts by quotas that were changed before.
import { sql } from "kysely";
import type { Tx } from "../database/schema.ts";
import type { Masterdata, Project } from "../masterdata.ts";

/**
 * The project stays as it is until the transaction ends. Ask masterdata once before the transaction begins, too: while it
 * does not answer, requests should wait without a connection to the database. Throws 404, 500 (masterdata is away).
 */
export async function holdProject(tx: Tx, masterdata: Masterdata, id: string): Promise<Project> {
  await sql`select pg_advisory_xact_lock_shared(${keyOf("project", id)})`.execute(tx);
  return masterdata.project(id);
}

/** Nobody takes anything for the project, and nobody else changes it, until the transaction ends. */
export async function holdProjectAlone(tx: Tx, id: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(${keyOf("project", id)})`.execute(tx);
}

/** Nobody else takes what counts against these quotas until the transaction ends; the lock on a project comes before. */
export async function holdQuotas(tx: Tx, holder: "project" | "tenant", id: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(${keyOf(`${holder} quota`, id)})`.execute(tx);
}

const keyOf = (what: string, id: string) => sql`hashtextextended(${`${what}:${id}`}, 0)`;
