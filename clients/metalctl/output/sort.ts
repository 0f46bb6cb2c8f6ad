// `--sort-by` of lists: "project,age:desc".
import type { Command, Option } from "commander";
import { Refusal } from "../errors.ts";
import { field, type Doc } from "../resources/resource.ts";

/** Words of `--sort-by` and the fields they stand for. */
export type SortKeys = Readonly<Record<string, string>>;

/** Lets a list be sorted by keys. */
export function sortable(command: Command, keys: SortKeys): Command {
  return command.option("--sort-by <columns>", `column[:asc|desc],… of ${Object.keys(keys).join(", ")}`);
}

/** The keys that a `--sort-by` takes, as its help says. */
export const sortKeysOf = ({ description }: Option): string[] => description.split(" of ").at(-1)!.split(", ");

/** As the original compares: texts by their letters' codes, numbers by their size. */
function compare(a: string, b: string): number {
  const difference = a === "" || b === "" ? Number.NaN : Number(a) - Number(b);
  return Number.isNaN(difference) ? Number(a > b) - Number(a < b) : difference;
}

/** The rows in the order asked for, and where that says nothing in the `usual` one. @throws Refusal for a word that is no key */
export function sortBy<T extends Doc>(rows: readonly T[], asked: unknown, keys: SortKeys, usual: string): T[] {
  const orders = `${typeof asked === "string" ? asked : ""},${usual}`
    .split(",")
    .filter(Boolean)
    .map((order) => {
      const [key = "", direction = "asc"] = order.split(":");
      const path = keys[key];
      if (!path) throw new Refusal(`--sort-by: there is no "${key}", use ${Object.keys(keys).join(", ")}`);
      if (direction !== "asc" && direction !== "desc")
        throw new Refusal(`--sort-by: "${order}" must end in :asc or :desc`);
      return { of: field(path), sign: direction === "asc" ? 1 : -1 };
    });
  return rows.toSorted((a, b) => {
    for (const { of, sign } of orders) {
      const difference = compare(of(a), of(b));
      if (difference !== 0) return sign * difference;
    }
    return 0;
  });
}
