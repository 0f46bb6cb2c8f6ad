// What a query asks for. Its texts reach SQL as parameters only: columns as values, the rest as one JSON pattern. Pure.
import { invalid } from "../errors.ts";

/** All parts must hold; absent means any. */
export interface Filter {
  /** Equality of columns; the names are ours. */
  readonly columns?: Readonly<Partial<Record<"id" | "tenant_id" | "project_id" | "member_id", string | undefined>>>;
  /** Equality of texts of the document; as in the original nothing equals the empty text, because it is not stored. */
  readonly texts?: Readonly<Record<string, string | undefined>>;
  /** Here empty means those without a namespace. */
  readonly namespace?: string | undefined;
  /** All of them must be there. */
  readonly labels?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What a document contains that the filter wants; undefined when any will do. */
export function patternOf({ texts = {}, labels = [], annotations = {} }: Filter): object | undefined {
  const wanted = Object.entries(texts).filter(([, text]) => text !== undefined);
  const annotated = Object.keys(annotations).length > 0;
  if (wanted.length === 0 && labels.length === 0 && !annotated) return undefined;
  return {
    ...Object.fromEntries(wanted),
    ...(labels.length > 0 || annotated
      ? { meta: { ...(labels.length > 0 ? { labels } : {}), ...(annotated ? { annotations } : {}) } }
      : {}),
  };
}

/** As in the request. */
export interface Page {
  readonly page?: bigint | undefined;
  readonly count?: bigint | undefined;
}

const DEFAULT_PAGE_SIZE = 100n;

/** Throws INVALID_ARGUMENT. `nextPage` only when the caller gave a count, as the original. */
export function pageOf({ page = 0n, count }: Page): { size: number; offset: number; nextPage?: bigint } {
  const size = count ?? DEFAULT_PAGE_SIZE;
  if (size === 0n) throw invalid("paging.count must be at least 1");
  const end = (page + 1n) * size;
  if (end > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid(`page ${page} of ${size} entries each does not exist`);
  return { size: Number(size), offset: Number(page * size), ...(count === undefined ? {} : { nextPage: page + 1n }) };
}
