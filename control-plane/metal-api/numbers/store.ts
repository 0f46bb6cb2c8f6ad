import { sql } from "kysely";
import type { Tx } from "../database/schema.ts";
import { conflict, internal, unprocessable } from "../errors.ts";

/** What the numbers of a pool are for, and the column that says which ones are in use. */
const POOLS = {
  /** VRF, VNI and VXLAN id of a network at once: 1 … 131072. */
  vrf: sql`select vrf from networks where vrf is not null`,
  /** Of an allocated machine, on all its networks: 4210000001 … 4210131072. */
  asn: sql`select asn from allocations`,
} as const;

export type Pool = keyof typeof POOLS;

/** How many free numbers are made at a time. */
const LOT = 64;

/**
 * Takes the lowest number that nobody has and no other transaction is about to take. It belongs to the caller when the
 * transaction commits, and is free again when it does not. Throws the API's 500 when the pool is exhausted.
 */
export async function acquireNumber(tx: Tx, pool: Pool): Promise<number> {
  const number = (await takeLowest(tx, pool)) ?? (await takeOfNewLot(tx, pool));
  if (number === undefined) throw internal("acquisition of a value failed for exhausted pool");
  return number;
}

/** Takes exactly this number. Throws 422 when it is not one of the pool, 409 when somebody has it. */
export async function acquireSpecificNumber(tx: Tx, pool: Pool, number: number): Promise<void> {
  const { first, next, last } = await lockPool(tx, pool);
  if (!Number.isInteger(number) || number < first || number > last)
    throw unprocessable(`value '${number}' is outside of the allowed range '${first} - ${last}'`);
  const { rows } = await sql`
    delete from free_numbers where pool = ${pool} and number = ${number} returning number`.execute(tx);
  if (rows.length > 0) return;
  // Numbers behind the last lot are free unless somebody asked for just that one before.
  if (number < next || (await isUsed(tx, pool, number))) throw conflict("integer is already acquired by another");
}

/**
 * Gives a number back, in the transaction that removes its owner. Harmless when it is free already. One behind the last lot
 * gets no row: another transaction could take that while the lot is made, and the lot would have it once more.
 */
export async function releaseNumber(tx: Tx, pool: Pool, number: number): Promise<void> {
  const isInLot = ({ next }: { next: number }) => number < next;
  if (!isInLot(await readPool(tx, pool)) && !isInLot(await lockPool(tx, pool))) return;
  await sql`insert into free_numbers (pool, number) values (${pool}, ${number}) on conflict do nothing`.execute(tx);
}

async function takeLowest(tx: Tx, pool: Pool): Promise<number | undefined> {
  const { rows } = await sql<{ number: number }>`
    delete from free_numbers where pool = ${pool} and number = (
      select number from free_numbers where pool = ${pool} order by number limit 1 for update skip locked
    ) returning number`.execute(tx);
  return rows[0]?.number;
}

async function takeOfNewLot(tx: Tx, pool: Pool): Promise<number | undefined> {
  let { next, last } = await lockPool(tx, pool);
  // Who waited for the lock finds what its holder left.
  let number = await takeLowest(tx, pool);
  for (; number === undefined && next <= last; next += LOT) {
    const end = Math.min(next + LOT - 1, last);
    await sql`
      insert into free_numbers (pool, number)
      select ${pool}, number from generate_series(${next}::bigint, ${end}::bigint) number
      where number not in (${POOLS[pool]}) on conflict do nothing`.execute(tx);
    await sql`update number_pools set next = ${end + 1} where pool = ${pool}`.execute(tx);
    number = await takeLowest(tx, pool);
  }
  return number;
}

async function isUsed(tx: Tx, pool: Pool, number: number): Promise<boolean> {
  const { rows } = await sql`select where ${number}::bigint in (${POOLS[pool]})`.execute(tx);
  return rows.length > 0;
}

interface PoolState {
  readonly first: number;
  /** Lots were made up to here; it only grows. */
  readonly next: number;
  readonly last: number;
}

async function readPool(tx: Tx, pool: Pool): Promise<PoolState> {
  const { rows } = await sql<PoolState>`select first, next, last from number_pools where pool = ${pool}`.execute(tx);
  return rows[0]!;
}

async function lockPool(tx: Tx, pool: Pool): Promise<PoolState> {
  const { rows } = await sql<PoolState>`
    select first, next, last from number_pools where pool = ${pool} for update`.execute(tx);
  return rows[0]!;
}
