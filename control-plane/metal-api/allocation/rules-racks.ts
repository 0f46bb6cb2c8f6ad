// Which racks a machine may be taken from, so that the machines of a project do not fail together
// (reference/machine-lifecycle.md 3.4.5). Pure.

/** What a project has in a rack. */
export interface RackUse {
  readonly rackId: string;
  readonly machines: number;
  /** Placement tags that these machines carry; a machine counts once for each of its tags. */
  readonly tagged: number;
}

/**
 * The racks that are least used by the project's machines of this role, among those that have a machine to give. With
 * placement tags, racks with the fewest machines carrying them come first.
 * @param available racks with at least one machine to give
 */
export function preferredRacks(available: readonly string[], used: readonly RackUse[]): string[] {
  const byProject = leastUsed(available, used, "machines");
  const byTags = leastUsed(available, used, "tagged");
  const both = byTags.filter((rack) => byProject.includes(rack));
  return both.length > 0 ? both : byTags;
}

function leastUsed(available: readonly string[], used: readonly RackUse[], by: "machines" | "tagged"): string[] {
  const use = new Map(used.map((rack) => [rack.rackId, rack[by]]));
  const racks = [...new Set(available)];
  const least = Math.min(...racks.map((rack) => use.get(rack) ?? 0));
  return racks.filter((rack) => (use.get(rack) ?? 0) === least);
}
