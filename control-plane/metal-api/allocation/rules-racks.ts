// Which racks a machine may be taken from, so that the machines of a project do not fail together
// (reference/machine-lifecycle.md 3.4.5). Pure.

export interface ProjectMachine {
  readonly rackId: string;
  readonly tags: readonly string[];
}

/**
 * The racks that are least used by the project's machines of this role, among those that have a machine to give. With
 * placement tags, racks with the fewest machines carrying them come first; a machine counts once for each of its tags.
 * @param available racks with at least one machine to give
 */
export function preferredRacks(
  available: readonly string[],
  projectMachines: readonly ProjectMachine[],
  placementTags: readonly string[],
): string[] {
  const tags = new Set(placementTags);
  const byProject = leastUsed(available, projectMachines, () => 1);
  const byTags = leastUsed(available, projectMachines, (machine) => machine.tags.filter((tag) => tags.has(tag)).length);
  const both = byTags.filter((rack) => byProject.includes(rack));
  return both.length > 0 ? both : byTags;
}

function leastUsed(
  available: readonly string[],
  machines: readonly ProjectMachine[],
  weight: (machine: ProjectMachine) => number,
): string[] {
  const racks = [...new Set(available)];
  const use = new Map(racks.map((rack) => [rack, 0]));
  for (const machine of machines) {
    const used = use.get(machine.rackId);
    if (used !== undefined) use.set(machine.rackId, used + weight(machine));
  }
  const least = Math.min(...use.values());
  return racks.filter((rack) => use.get(rack) === least);
}
