import type { Db, Tx } from "./schema.ts";

/** PostgreSQL's codes of errors that go away when the transaction is simply run again (appendix A, class 40). */
const REPEATABLE: readonly unknown[] = ["40001", "40P01"];
const ATTEMPTS = 5;

/*
 * The order of locks. Who writes to more than one row that belongs to a machine (its release, allocation, BMC commands,
 * logins, rotation, log, ports) locks the machine's row first, so nobody meets anybody else further down. Who has something
 * for several machines takes a transaction for each. Who takes the BMC commands of many machines without their rows (what a
 * stream sends next, what expires) takes no other lock; commands are locked by sequence, and expiry skips those that
 * somebody holds. After the machine come networks and addresses, then numbers, then switches by id.
 */

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
