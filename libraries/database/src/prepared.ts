// Statements that PostgreSQL reads and plans once a connection, for services that send few different ones very often:
// planning takes longer than most of them run.
import { Client, type ClientConfig } from "pg";

/** So many different statements are prepared; those that come later are planned each time. Bounds PostgreSQL's memory. */
const MOST_STATEMENTS = 200;

/** A class of connections for a pool. Statements with parameters are prepared when they are first sent. */
export function preparingClient(): typeof Client {
  const names = new Map<string, string>();
  const nameOf = (text: string) => {
    if (!names.has(text) && names.size < MOST_STATEMENTS) names.set(text, `statement-${names.size + 1}`);
    return names.get(text);
  };
  return class extends Client {
    constructor(config?: string | ClientConfig) {
      super(config);
      const query = this.query.bind(this) as (...parameters: readonly unknown[]) => unknown;
      const prepared = (text: unknown, values: unknown, ...more: readonly unknown[]) => {
        const name = typeof text === "string" && Array.isArray(values) && values.length > 0 ? nameOf(text) : undefined;
        return name === undefined ? query(text, values, ...more) : query({ name, text, values }, ...more);
      };
      this.query = prepared as typeof this.query;
    }
  };
}
