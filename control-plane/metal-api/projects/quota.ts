// Quotas of a project, counted right: whoever takes something for the same project meanwhile waits, and is counted.
import { sql } from "kysely";
import type { Tx } from "../database/schema.ts";
import { unprocessable } from "../errors.ts";
import type { Project } from "../masterdata.ts";

/** Nobody else changes what the project's quotas count until the transaction ends; free without quotas. */
export async function holdQuotas(tx: Tx, { id, quotas }: Project): Promise<void> {
  if (quotas.machines === undefined && quotas.ips === undefined) return;
  await sql`select pg_advisory_xact_lock(hashtextextended(${`quota:${id}`}, 0))`.execute(tx);
}

/** Call it after taking, before commit, under {@link holdQuotas}. Throws 422. */
export async function checkQuotas(tx: Tx, { id, quotas }: Project): Promise<void> {
  await checkQuota(tx, "machines", "allocations", id, quotas.machines);
  await checkQuota(tx, "ips", "ips", id, quotas.ips);
}

async function checkQuota(
  tx: Tx,
  what: string,
  table: "allocations" | "ips",
  projectId: string,
  quota: number | undefined,
): Promise<void> {
  if (quota === undefined) return;
  const { count } = await tx
    .selectFrom(table)
    .select((from) => from.fn.countAll<number>().as("count"))
    .where("project_id", "=", projectId)
    .executeTakeFirstOrThrow();
  if (count > quota) throw unprocessable(`project quota for ${what} reached max:${quota}`);
}
