// A resource as metalctl sees it: how to reach it at the API and how to show it. The generic commands do the rest.
import type { ApiClient, GlobalFlags } from "../configuration.ts";
import type { SortKeys } from "../output/sort.ts";
import type { Example } from "../commands/examples.ts";
import type { Column } from "../output/printer.ts";

/** An API document; resources narrow it where they look inside. */
export type Doc = Record<string, unknown>;

/** A flag of a command: commander's notation, help, and the field of the request it fills. */
export interface Flag {
  readonly flags: string;
  readonly help: string;
  /** Where the value goes in the request document, dots descend. */
  readonly field: string;
  /** Whether the command wants it. */
  readonly required?: boolean;
  readonly kind?: "text" | "list" | "number" | "flag" | "labels";
}

export interface Resource {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly help: string;
  readonly path: string;
  readonly columns: readonly Column<Doc>[];
  /** The rows that documents are in a table; themselves unless said. */
  readonly rows?: (documents: readonly Doc[], flags: GlobalFlags & Doc) => readonly Doc[];
  /** How lists are sorted when nobody says, as `--sort-by` has it; by id unless said. */
  readonly sort?: string;
  /** What `--sort-by` of list takes; id, name and description unless said. */
  readonly sortKeys?: SortKeys;
  /** Id of a document; its `id` unless said. */
  readonly id?: (document: Doc) => string;
  /** Filters of list; when given, lists ask POST <path>/find. */
  readonly filters?: readonly Flag[];
  /** Flags of list that are no filters: they stand in the query of the request. */
  readonly listFlags?: readonly Flag[];
  /** Flags of list that say how it is shown. */
  readonly shownFlags?: readonly Flag[];
  readonly createFlags?: readonly Flag[];
  readonly updateFlags?: readonly Flag[];
  readonly deleteFlags?: readonly Flag[];
  /** Response-shaped document → create and update request; the document itself unless said. */
  readonly toCreate?: (document: Doc) => Doc;
  readonly toUpdate?: (document: Doc) => Doc;
  /** Other ways than PUT/POST <path> and DELETE <path>/{id}. */
  readonly create?: (api: ApiClient, request: Doc) => Promise<Doc>;
  readonly update?: (api: ApiClient, request: Doc, flags: GlobalFlags) => Promise<Doc>;
  readonly delete?: (api: ApiClient, id: string, flags: Doc) => Promise<Doc>;
  /** Comment lines that `describe` puts above a document in YAML. */
  readonly comment?: (api: ApiClient, id: string) => Promise<readonly string[]>;
  readonly deleteHelp?: string;
  /** An id for examples. */
  readonly example: string;
  /** Examples of generic commands beside those that all nouns have. */
  readonly examples?: Partial<Record<Verb, readonly Example[]>>;
  /** More names of a generic command than all nouns have. */
  readonly verbAliases?: Partial<Record<Verb, readonly string[]>>;
  /** Names of the generic commands this resource has; all unless said. */
  readonly verbs?: readonly Verb[];
}

export type Verb = "list" | "describe" | "create" | "update" | "delete" | "apply" | "edit";
export const VERBS: readonly Verb[] = ["list", "describe", "create", "update", "delete", "apply", "edit"];

/** The text of a field, dots descend; empty when absent. Lists are joined by commas. */
export function field(path: string): (document: Doc) => string {
  return (document) => {
    let value: unknown = document;
    for (const name of path.split(".")) value = (value as Doc | null | undefined)?.[name];
    if (value === undefined || value === null) return "";
    if (Array.isArray(value)) return value.map(String).join(",");
    return typeof value === "string" ? value : JSON.stringify(value);
  };
}

/** A column that shows a field as it is. */
export function column(header: string, path: string, only?: "wide" | "table"): Column<Doc> {
  return { header, cell: field(path), ...(only === undefined ? {} : { in: only }) };
}

/** "key=value" pairs of a map, sorted. */
export function pairs(path: string): (document: Doc) => string {
  return (document) => {
    let value: unknown = document;
    for (const name of path.split(".")) value = (value as Doc | null | undefined)?.[name];
    return Object.entries((value ?? {}) as Record<string, string>)
      .map(([key, text]) => (text ? `${key}=${text}` : key))
      .sort()
      .join(",");
  };
}

/** A cell whose parts, separated by commas, stand one a line. */
export const lines = (cell: (document: Doc) => string) => (document: Doc) => cell(document).replaceAll(",", "\n");

/** A list with entries added and removed. @throws Error for one to remove that is not there */
export function changed(list: readonly string[], add: readonly string[], remove: readonly string[]): string[] {
  const missing = remove.find((entry) => !list.includes(entry));
  if (missing !== undefined) throw new Error(`cannot remove "${missing}": it is not there`);
  return [...new Set([...list.filter((entry) => !remove.includes(entry)), ...add])];
}
