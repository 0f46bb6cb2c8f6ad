/** So much of a name may be wrong for it to be a misspelt one. */
const SHARE = 1 / 3;

/** The name that was probably meant; undefined when none is near. */
export function nearest(misspelt: string, names: readonly string[]): string | undefined {
  const [best] = names
    .map((name) => [distance(misspelt, name), name] as const)
    .filter(([far, name]) => far <= name.length * SHARE)
    .sort(([a], [b]) => a - b);
  return best?.[1];
}

/** Levenshtein's: letters to insert, delete or replace. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 0; i < from.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j += 1)
      next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (from[i] === to[j] ? 0 : 1)));
    row = next;
  }
  return row[to.length]!;
}
