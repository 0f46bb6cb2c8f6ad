import type { Db } from "../database/schema.ts";

/** A handle that counts the queries made through it; a query that is part of another counts as well. */
export function counting(db: Db): { readonly db: Db; readonly queries: () => number } {
  let queries = 0;
  const counted = db.withPlugin({
    transformQuery: ({ node }) => {
      queries += 1;
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  return { db: counted, queries: () => queries };
}
