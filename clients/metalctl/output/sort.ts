// `--sort-by` of lists: "project,age:desc".
import { field, type Doc } from "../resources/resource.ts";

/** Words of `--sort-by` and the fields they stand for. */
export type SortKeys = Readonly<Record<string, string>>;

/** The rows in the order asked for; as they are when nothing is. @throws Error for a word that is no key */
export function sortBy(rows: readonly Doc[], asked: unknown, keys: SortKeys): Doc[] {
  if (typeof asked !== "string") return [...rows];
  const orders = asked
    .split(",")
    .filter(Boolean)
    .map((order) => {
      const [key = "", direction = "asc"] = order.split(":");
      const path = keys[key];
      if (!path) throw new Error(`--sort-by: there is no "${key}", use ${Object.keys(keys).join(", ")}`);
      if (direction !== "asc" && direction !== "desc")
        throw new Error(`--sort-by: "${order}" must end in :asc or :desc`);
      return { of: field(path), sign: direction === "asc" ? 1 : -1 };
    });
  const numeric = new Intl.Collator("en", { numeric: true });
  return rows.toSorted((a, b) => {
    for (const { of, sign } of orders) {
      const difference = numeric.compare(of(a), of(b));
      if (difference !== 0) return sign * difference;
    }
    return 0;
  });
}
