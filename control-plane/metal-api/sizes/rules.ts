// Which size a server has, by its hardware (reference/api-resources.md 8.2, machine-lifecycle.md 1.8).
import type { Hardware, SizeConstraint } from "../database/documents.ts";
import { compileGlob } from "./rules-glob.ts";

export interface SizeRule {
  readonly id: string;
  readonly constraints: readonly SizeConstraint[];
}

/** The size of a machine that matches none, or several. */
export const UNKNOWN_SIZE = "unknown";

/** One CPU, disk, GPU or the memory: what a constraint's glob is compared with, and what it counts for. */
interface Item {
  readonly name: string;
  readonly amount: number;
}

function itemsOf(type: string, hardware: Hardware): readonly Item[] {
  switch (type) {
    case "cores":
      return hardware.cpus.map(({ model = "", cores }) => ({ name: model, amount: cores }));
    case "memory":
      return [{ name: "", amount: hardware.memory }];
    case "storage":
      return hardware.disks.map(({ name, size }) => ({ name, amount: size }));
    case "gpu":
      return hardware.gpus.map(({ model = "" }) => ({ name: model, amount: 1 }));
    default:
      return [];
  }
}

const TYPES = ["cores", "memory", "storage", "gpu"];

/** The items a constraint counts, if their sum is in its range (bounds included); else undefined. */
function covered(constraint: SizeConstraint, hardware: Hardware): readonly Item[] | undefined {
  const matches = compileGlob(constraint.identifier ?? "");
  if (!matches) return undefined;
  const items = itemsOf(constraint.type, hardware).filter(({ name }) => matches(name));
  const sum = items.reduce((total, { amount }) => total + amount, 0);
  return sum >= (constraint.min ?? 0) && sum <= (constraint.max ?? 0) ? items : undefined;
}

/**
 * True when every constraint holds and nothing in the server is left uncounted: a GPU that no constraint mentions, or
 * memory without a constraint, prevents the match.
 */
function fits(size: SizeRule, hardware: Hardware): boolean {
  if (size.constraints.length === 0) return false;
  const counted = size.constraints.map((constraint) => ({
    type: constraint.type,
    items: covered(constraint, hardware),
  }));
  if (counted.some(({ items }) => items === undefined)) return false;
  return TYPES.every((type) => {
    const names = new Set(counted.filter((c) => c.type === type).flatMap((c) => c.items!.map(({ name }) => name)));
    return itemsOf(type, hardware).every(({ name }) => names.has(name));
  });
}

/** The one size that fits; undefined when none or several do, and the machine's size is {@link UNKNOWN_SIZE}. */
export function matchSize<Size extends SizeRule>(sizes: readonly Size[], hardware: Hardware): Size | undefined {
  const matching = sizes.filter((size) => fits(size, hardware));
  return matching.length === 1 ? matching[0] : undefined;
}

/** All that is wrong with a size in itself, a line each; undefined when nothing is. */
export function sizeProblem({ id, constraints }: SizeRule): string | undefined {
  const problems = constraints.flatMap((constraint, index) => {
    const { type } = constraint;
    const again = ONCE.includes(type) && constraints.findIndex((other) => other.type === type) < index;
    return [constraintProblem(constraint), again ? `type duplicates are not allowed for type "${type}"` : undefined]
      .filter((problem) => problem !== undefined)
      .map((problem) => `constraint at index ${index} is invalid: ${problem}`);
  });
  return problems.length === 0 ? undefined : `size "${id}" is invalid: ${problems.join("\n")}`;
}

/** Types that a size has one constraint of at most. */
const ONCE = ["memory", "cores"];

function constraintProblem({ type, min = 0, max = 0, identifier = "" }: SizeConstraint): string | undefined {
  if (max < min) return "max is smaller than min";
  if (!compileGlob(identifier)) return `identifier is malformed: ${identifier}`;
  if (type === "gpu" && identifier === "") return "for gpu constraints an identifier is required";
  if (type === "memory" && identifier !== "") return "for memory constraints an identifier is not allowed";
  return undefined;
}

/** The first other size that some hardware could match as well; undefined when there is none. */
export function overlapping(size: SizeRule, others: readonly SizeRule[]): SizeRule | undefined {
  return others.find((other) => other.id !== size.id && overlap(size, other));
}

function overlap(one: SizeRule, other: SizeRule): boolean {
  if (one.constraints.length === 0 || other.constraints.length === 0) return false;
  return covers(one, other) && covers(other, one);
}

/** Every constraint of `one` has its like in `other`: same type and identifier, intersecting ranges. */
function covers(one: SizeRule, other: SizeRule): boolean {
  return one.constraints.every((a) =>
    other.constraints.some(
      (b) =>
        a.type === b.type &&
        (a.identifier ?? "") === (b.identifier ?? "") &&
        (a.min ?? 0) <= (b.max ?? 0) &&
        (b.min ?? 0) <= (a.max ?? 0),
    ),
  );
}

/** Constraints that exactly this server fulfils: a start for an operator who describes a new model. */
export function suggestConstraints(hardware: Hardware): SizeConstraint[] {
  const exactly = (type: string, amount: number, names: readonly string[]): SizeConstraint => {
    const identifier = commonGlob(names);
    return { type, min: amount, max: amount, ...(identifier === "" ? {} : { identifier }) };
  };
  const sum = (items: readonly Item[]) => items.reduce((total, { amount }) => total + amount, 0);
  const named = (type: string) => {
    const items = itemsOf(type, hardware);
    return exactly(
      type,
      sum(items),
      items.map(({ name }) => name),
    );
  };
  const gpus = Map.groupBy(itemsOf("gpu", hardware), ({ name }) => name);
  return [
    named("cores"),
    exactly("memory", hardware.memory, []),
    named("storage"),
    ...[...gpus].map(([model, items]) => exactly("gpu", items.length, [model])),
  ];
}

/** A glob for all of the names: their common beginning, cut at a slash that `*` would not cross. Empty: any. */
function commonGlob(names: readonly string[]): string {
  const [first = "", ...rest] = names;
  let length = first.length;
  for (const name of rest) while (!name.startsWith(first.slice(0, length))) length -= 1;
  const prefix = first.slice(0, length).replaceAll(/[*?[\\]/g, String.raw`\$&`);
  if (names.every((name) => name.length === length)) return prefix;
  return names.some((name) => name.slice(length).includes("/")) ? "" : `${prefix}*`;
}
