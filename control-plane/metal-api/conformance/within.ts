// Whether one document has all that another has.

const EMPTY = new Set(["null", '""', "[]", "{}", "0", "false", '"0001-01-01T00:00:00.000Z"']);

/** Where `mine` lacks something of `theirs`; what is empty there need not be here. */
export function within(theirs: unknown, mine: unknown, path = ""): string[] {
  if (EMPTY.has(JSON.stringify(theirs))) return [];
  if (typeof theirs !== "object" || theirs === null)
    return theirs === mine ? [] : [`${path}: ${JSON.stringify(theirs)}, here ${JSON.stringify(mine)}`];
  if (Array.isArray(theirs) && theirs.length !== (mine as unknown[] | undefined)?.length)
    return [`${path}: ${theirs.length} entries, here ${JSON.stringify(mine)}`];
  return Object.entries(theirs).flatMap(([key, value]) =>
    within(value, (mine as Record<string, unknown> | undefined)?.[key], `${path}.${key}`),
  );
}
