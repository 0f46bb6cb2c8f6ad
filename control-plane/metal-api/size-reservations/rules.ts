// Machines that are kept for projects (reference/api-resources.md 8.2, machine-lifecycle.md 3.4.4). Pure.

/** What a reservation must have. @returns what is wrong with it; undefined when nothing is */
export function sizeReservationProblem(
  reservation: { readonly amount: number; readonly partitionIds: readonly string[]; readonly projectId: string },
  partitions: ReadonlySet<string>,
): string | undefined {
  const { amount, partitionIds, projectId } = reservation;
  if (amount <= 0) return "amount must be a positive integer";
  if (partitionIds.length === 0) return "at least one partition id must be specified";
  if (partitionIds.some((id) => !partitions.has(id))) return "partition must exist before creating a size reservation";
  if (new Set(partitionIds).size !== partitionIds.length) return "partitions must not contain duplicates";
  return projectId === "" ? "project id must be specified" : undefined;
}

/** A reservation in one partition, and how much of it its project has taken. */
export interface ReservationUse {
  readonly project_id: string;
  readonly amount: number;
  readonly used: number;
}

/** What each project has not taken yet of all its reservations; projects that have taken all are left out. */
function unused(reservations: readonly ReservationUse[]): Map<string, number> {
  const left = new Map<string, number>();
  for (const { project_id, amount, used } of reservations)
    if (amount > used) left.set(project_id, (left.get(project_id) ?? 0) + amount - used);
  return left;
}

/**
 * Why a project cannot have one of the machines that can be allocated; undefined when it can. Within its own reservation
 * it gets what is there; beyond, only what the unused reservations of others leave.
 * @param reservations of the machines' size in their partition
 */
export function reservedForOthers(
  projectId: string,
  available: number,
  reservations: readonly ReservationUse[],
): string | undefined {
  const left = unused(reservations);
  if (left.has(projectId)) return undefined;
  const kept = [...left.values()].reduce((sum, count) => sum + count, 0);
  if (kept < available) return undefined;
  const whose = [...left].map(([project, count]) => `${count} for project ${project}`).join(", ");
  const machines = available === 1 ? "1 machine waits and is" : `${available} machines wait and are`;
  return `${machines} reserved: ${whose}`;
}
