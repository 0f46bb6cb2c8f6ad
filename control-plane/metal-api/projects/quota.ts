// Quotas of projects and tenants, counted right: whoever takes something that counts for the same holder meanwhile waits,
// and is counted. Clusters are counted by nobody here: no operation of metal-api makes one.
import type { Tx } from "../database/schema.ts";
import { unprocessable } from "../errors.ts";
import type { Masterdata, Quotas } from "../masterdata.ts";
import { holdProject, holdQuotas } from "./hold.ts";

const COUNTED = { machines: "allocations", ips: "ips" } as const;
type Counted = keyof typeof COUNTED;

/** What some projects may have together. */
interface Bound {
  readonly holder: "project" | "tenant";
  readonly projectIds: readonly string[];
  readonly what: Counted;
  readonly max: number;
}

/**
 * Takes something for a project within its quotas and its tenant's. Only what grows is refused: a quota below what is in
 * use already stands in nobody's way who takes something else. Throws 404, 422, 500 (masterdata is away).
 */
export async function takeWithinQuotas<T>(
  tx: Tx,
  masterdata: Masterdata,
  projectId: string,
  take: () => Promise<T>,
): Promise<T> {
  const bounds = await holdBounds(tx, masterdata, projectId);
  const before = await countAll(tx, bounds);
  const taken = await take();
  const after = await countAll(tx, bounds);
  for (const [index, { holder, what, max }] of bounds.entries())
    if (after[index]! > max && after[index]! > before[index]!)
      throw unprocessable(`${holder} quota for ${what} reached max:${max}`);
  return taken;
}

async function holdBounds(tx: Tx, masterdata: Masterdata, projectId: string): Promise<Bound[]> {
  const { tenantId, quotas } = await holdProject(tx, masterdata, projectId);
  const bounds: Bound[] = [];
  if (isBounded(await masterdata.tenantQuotas(tenantId))) {
    await holdQuotas(tx, "tenant", tenantId);
    // Asked again, because both may have changed while we waited for the lock.
    const projectIds = await masterdata.projectIds(tenantId);
    bounds.push(...boundsOf("tenant", [...projectIds, projectId], await masterdata.tenantQuotas(tenantId)));
  }
  if (isBounded(quotas)) {
    await holdQuotas(tx, "project", projectId);
    bounds.push(...boundsOf("project", [projectId], quotas));
  }
  return bounds;
}

const isBounded = (quotas: Quotas) => quotas.machines !== undefined || quotas.ips !== undefined;

function boundsOf(holder: Bound["holder"], projectIds: readonly string[], quotas: Quotas): Bound[] {
  return (Object.keys(COUNTED) as Counted[]).flatMap((what) => {
    const max = quotas[what];
    return max === undefined ? [] : [{ holder, projectIds, what, max }];
  });
}

async function countAll(tx: Tx, bounds: readonly Bound[]): Promise<number[]> {
  const counts: number[] = [];
  for (const { what, projectIds } of bounds) {
    const { count } = await tx
      .selectFrom(COUNTED[what])
      .select((from) => from.fn.countAll<number>().as("count"))
      .where("project_id", "in", projectIds)
      .executeTakeFirstOrThrow();
    counts.push(count);
  }
  return counts;
}
