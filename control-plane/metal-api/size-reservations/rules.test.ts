import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reservedForOthers, sizeReservationProblem } from "./rules.ts";

/** A size in a partition: who has taken how many, who reserved how many. */
interface Books {
  available: number;
  readonly reserved: ReadonlyMap<string, number>;
  readonly taken: Map<string, number>;
}

const books = (available: number, reserved: Record<string, number>): Books => ({
  available,
  reserved: new Map(Object.entries(reserved)),
  taken: new Map(),
});

/** Takes a machine for the project if the rule allows it. */
function take(of: Books, project: string): string | undefined {
  const reservations = [...of.reserved].map(([project_id, amount]) => ({
    project_id,
    amount,
    used: Math.min(amount, of.taken.get(project_id) ?? 0),
  }));
  if (of.available === 0) return "none left";
  const kept = reservedForOthers(project, of.available, reservations);
  if (kept !== undefined) return kept;
  of.available--;
  of.taken.set(project, (of.taken.get(project) ?? 0) + 1);
  return undefined;
}

describe("reservations", () => {
  it("are kept in the reference's sequence (machine-lifecycle 11.2)", () => {
    const five = books(5, { project1: 1, project2: 2 });
    const sequence = ["p0", "project2", "p0", "p0", "project2", "p0", "project2", "project1"];
    expect(sequence.map((project) => take(five, project) === undefined)).toEqual([
      true,
      true,
      true,
      false,
      true,
      false,
      false,
      true,
    ]);
  });

  it("say for whom machines are kept", () => {
    expect(take(books(2, { project1: 1, project2: 2 }), "p0")).toBe(
      "2 machines wait and are reserved: 1 for project project1, 2 for project project2",
    );
    expect(take(books(1, { project1: 1 }), "p0")).toBe("1 machine waits and is reserved: 1 for project project1");
  });

  it("are there when their project comes, whoever comes before it in which order", () => {
    const projects = ["a", "b", "c", "nobody"];
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 3, maxLength: 3 }),
        fc.integer({ min: 0, max: 8 }),
        fc.array(fc.constantFrom(...projects), { maxLength: 40 }),
        ([a = 0, b = 0, c = 0], spare, order) => {
          const reserved = { a, b, c };
          const all = books(a + b + c + spare, reserved);
          for (const project of order) take(all, project);
          for (const [project, amount] of Object.entries(reserved))
            while ((all.taken.get(project) ?? 0) < amount) expect(take(all, project)).toBeUndefined();
          // And nothing is kept back that nobody reserved.
          while (all.available > 0) expect(take(all, "nobody")).toBeUndefined();
        },
      ),
    );
  });

  it.each([
    [{ amount: 0 }, "amount must be a positive integer"],
    [{ amount: -1 }, "amount must be a positive integer"],
    [{ partitionIds: [] }, "at least one partition id must be specified"],
    [{ partitionIds: ["fra", "muc"] }, "partition must exist before creating a size reservation"],
    [{ partitionIds: ["fra", "fra"] }, "partitions must not contain duplicates"],
    [{ projectId: "" }, "project id must be specified"],
    [{}, undefined],
  ])("with %j are refused: %s", (wrong, problem) => {
    const reservation = { amount: 1, partitionIds: ["fra"], projectId: "p", ...wrong };
    expect(sizeReservationProblem(reservation, new Set(["fra"]))).toBe(problem);
  });
});
