// Many clients, few commits: what arrives while PostgreSQL works is sent together as the next statement.
import { acquisition, releasing } from "./addresses.ts";
import { type Change, changeMany, type Outcome } from "./changes.ts";
import type { Database } from "./database.ts";
import { childAcquisition, creation, ROOT_NAMESPACE } from "./prefixes.ts";

/** Bounds the time that one statement keeps its prefixes locked: some 100 µs a change. */
const LARGEST_BATCH = 100;
/** SQLSTATE of a deadlock and of a serialization failure: rolled back as a whole, nothing was done. */
const AGAIN = ["40P01", "40001"];

interface Waiting {
  readonly change: Change;
  readonly resolve: (result: string) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The IPAM for many clients at once, each change committed when its promise resolves. Results and errors are those of
 * the functions of the same names; the order of changes of one prefix is that of the calls. For a service: who has a
 * transaction of his own calls those functions on it.
 */
export class IpamQueue {
  readonly #db: Database;
  readonly #waiting: Waiting[] = [];
  // One statement at a time: with two, each would wait for the disk's write of the other before its own.
  #busy = false;

  /** @param db a plain instance, no transaction */
  constructor(db: Database) {
    this.#db = db;
  }

  async acquireAddress(prefixCidr: string, namespace = ROOT_NAMESPACE): Promise<string> {
    return this.#enqueue(acquisition(prefixCidr, undefined, namespace));
  }

  async acquireSpecificAddress(prefixCidr: string, ip: string, namespace = ROOT_NAMESPACE): Promise<string> {
    return this.#enqueue(acquisition(prefixCidr, ip, namespace));
  }

  async releaseAddress(prefixCidr: string, ip: string, namespace = ROOT_NAMESPACE): Promise<void> {
    await this.#enqueue(releasing(prefixCidr, ip, namespace));
  }

  async createPrefix(cidr: string, namespace = ROOT_NAMESPACE): Promise<string> {
    return this.#enqueue(creation(cidr, namespace));
  }

  async acquireChildPrefix(parentCidr: string, length: number, namespace = ROOT_NAMESPACE): Promise<string> {
    return this.#enqueue(childAcquisition(parentCidr, length, namespace));
  }

  async acquireSpecificChildPrefix(parentCidr: string, cidr: string, namespace = ROOT_NAMESPACE): Promise<string> {
    return this.#enqueue(childAcquisition(parentCidr, cidr, namespace));
  }

  #enqueue(change: Change): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject });
      if (!this.#busy) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#busy = true;
    // Whoever calls in this very turn of the event loop goes along.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      // Every batch locks its prefixes in the same order, in every process. The sort is stable.
      const batch = this.#waiting.splice(0, LARGEST_BATCH).toSorted((one, other) => order(one.change, other.change));
      try {
        const outcomes = await this.#send(batch.map(({ change }) => change));
        for (const [index, waiting] of batch.entries()) void settle(waiting, outcomes[index]!, this.#db);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#busy = false;
  }

  async #send(changes: readonly Change[]): Promise<Outcome[]> {
    try {
      return await changeMany(this.#db, changes);
    } catch (error) {
      if (!AGAIN.includes((error as { code?: string }).code ?? "")) throw error;
      return changeMany(this.#db, changes);
    }
  }
}

async function settle({ change, resolve, reject }: Waiting, outcome: Outcome, db: Database): Promise<void> {
  try {
    resolve(await change.answer(outcome, db));
  } catch (error) {
    reject(error);
  }
}

function order(one: Change, other: Change): number {
  if (one.namespace !== other.namespace) return one.namespace < other.namespace ? -1 : 1;
  if (one.cidr !== other.cidr) return one.cidr < other.cidr ? -1 : 1;
  return 0;
}
