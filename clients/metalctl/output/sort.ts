// `--sort-by` of lists: "project,age:desc".
import type { Command, Option } from "commander";
import { Refusal } from "../errors.ts";
import { field, type Doc } from "../resources/resource.ts";

/** What a document is sorted by: a field, or what is made of one. */
export type SortKey = string | ((document: Doc) => string | number);
/** Words of `--sort-by` and what they stand for. */
export type SortKeys = Readonly<Record<string, SortKey>>;

/** Lets a list be sorted by keys. The flag may stand several times. */
export function sortable(command: Command, keys: SortKeys): Command {
  const help = `column[:asc|desc],… of ${Object.keys(keys).join(", ")}`;
  return command.option("--sort-by <columns>", help, (value: string, previous: string | undefined) =>
    // The command line replaces what a variable says.
    previous === undefined || command.getOptionValueSource("sortBy") === "env" ? value : `${previous},${value}`,
  );
}

/** The keys that a `--sort-by` takes, as its help says. */
export const sortKeysOf = ({ description }: Option): string[] => description.split(" of ").at(-1)!.split(", ");

/** Go's zero time, seconds. */
const NEVER = -62_135_596_800;

/** By the second of a time; what never was comes first. */
export const oldestFirst = (path: string) => (document: Doc) =>
  Math.floor(Date.parse(field(path)(document)) / 1000) || NEVER;

/** By a time, the newest first, as it reads in tables: the shortest age. */
export const newestFirst = (path: string) => (document: Doc) => -oldestFirst(path)(document);

/** What a key makes of a document: numbers stay numbers, all else is a text. */
function valueOf(key: SortKey): (document: Doc) => string | number {
  if (typeof key === "function") return key;
  const text = field(key);
  return (document) => {
    const last = key.split(".").reduce<unknown>((value, name) => (value as Doc | null | undefined)?.[name], document);
    return typeof last === "number" ? last : text(document);
  };
}

/** As Go compares: numbers by their size, texts by their letters' codes. */
function compare(a: string | number, b: string | number): number {
  if (typeof a === "number" || typeof b === "number") return Number(a) - Number(b);
  return Number(a > b) - Number(a < b);
}

/**
 * The rows in the order asked for, else in the `usual` one; what is equal stays in the API's.
 * @throws Refusal for a word that is no key
 */
export function sortBy<T extends Doc>(rows: readonly T[], asked: unknown, keys: SortKeys, usual: string): T[] {
  const orders = (typeof asked === "string" && asked !== "" ? asked : usual)
    .split(",")
    .filter(Boolean)
    .map((order) => {
      const [key = "", direction = "asc"] = order.split(":");
      const found = Object.hasOwn(keys, key) ? keys[key] : undefined;
      if (found === undefined)
        throw new Refusal(`--sort-by: there is no "${key}", use ${Object.keys(keys).join(", ")}`);
      if (direction !== "asc" && direction !== "desc")
        throw new Refusal(`--sort-by: "${order}" must end in :asc or :desc`);
      return { of: valueOf(found), sign: direction === "asc" ? 1 : -1 };
    });
  return rows.toSorted((a, b) => {
    for (const { of, sign } of orders) {
      const difference = compare(of(a), of(b));
      if (difference !== 0) return sign * difference;
    }
    return 0;
  });
}
