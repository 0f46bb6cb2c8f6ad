import type { Db, Tx } from "./schema.ts";

/** PostgreSQL's codes of errors that go away when the transaction is simply run again (appendix A, class 40). */
const REPEATABLE: readonly unknown[] = ["40001", "40P01"];
const ATTEMPTS = 5;

/**
 * Runs one command in one transaction. When PostgreSQL resolves a deadlock at its cost it is run again, so `work` must
 * have no effects but those on `tx`.
 */
export async function transact<T>(db: Db, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction().execute(work);
    } catch (error) {
      if (attempt === ATTEMPTS || !REPEATABLE.includes((error as { code?: unknown }).code)) throw error;
    }
  }
}
