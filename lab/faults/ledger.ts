// What tenants were told: an acknowledged change is there for ever, a refused one never was, and one whose answer was
// lost is either wholly there or wholly not.
import { type Kysely, sql } from "kysely";

const TABLES = { allocation: "allocations", address: "ips", network: "networks" } as const;
export type Kind = keyof typeof TABLES;

type Belief = "there" | "gone" | "either";

export class Ledger {
  /** By kind and name; names are used once. */
  readonly #beliefs = new Map<string, { readonly kind: Kind; readonly name: string; belief: Belief }>();

  believe(kind: Kind, name: string, belief: Belief): void {
    this.#beliefs.set(`${kind} ${name}`, { kind, name, belief });
  }

  /**
   * Compares with the database, and learns what became of changes without an answer. Nothing may be under way.
   * Answers what was promised and is not so.
   */
  async check(db: Kysely<unknown>): Promise<string[]> {
    const broken: string[] = [];
    for (const kind of Object.keys(TABLES) as Kind[]) {
      const mine = [...this.#beliefs].filter(([, entry]) => entry.kind === kind);
      const names = mine.map(([, { name }]) => name);
      const { rows } = await sql<{ name: string }>`
        select distinct name from ${sql.raw(TABLES[kind])} where name = any(${names}::text[])`.execute(db);
      const present = new Set(rows.map(({ name }) => name));
      for (const [key, entry] of mine) {
        const found = present.has(entry.name) ? "there" : "gone";
        if (entry.belief !== "either" && entry.belief !== found)
          broken.push(`${kind} ${entry.name} was acknowledged as ${entry.belief}, and is ${found}`);
        entry.belief = found;
        if (found === "gone") this.#beliefs.delete(key);
      }
    }
    return broken;
  }
}
