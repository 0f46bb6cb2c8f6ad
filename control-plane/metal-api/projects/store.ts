// What of ours belongs to a project; the project itself is masterdata's.
import type { Db } from "../database/schema.ts";

/** How many machines, networks and addresses a project has. */
export async function usageOfProject(
  db: Db,
  projectId: string,
): Promise<{ machines: number; networks: number; ips: number }> {
  const { machines, networks, ips } = await db
    .selectNoFrom((eb) => [
      eb
        .selectFrom("allocations")
        .select((count) => count.fn.countAll<number>().as("count"))
        .where("project_id", "=", projectId)
        .as("machines"),
      eb
        .selectFrom("networks")
        .select((count) => count.fn.countAll<number>().as("count"))
        .where("project_id", "=", projectId)
        .as("networks"),
      eb
        .selectFrom("ips")
        .select((count) => count.fn.countAll<number>().as("count"))
        .where("project_id", "=", projectId)
        .as("ips"),
    ])
    .executeTakeFirstOrThrow();
  return { machines: machines ?? 0, networks: networks ?? 0, ips: ips ?? 0 };
}
