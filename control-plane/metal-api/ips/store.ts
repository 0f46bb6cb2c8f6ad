import { parseAddress, parsePrefix } from "@metal-stack/ipam";
import { type Expression, type Insertable, type Selectable, type SqlBool, sql, type Updateable } from "kysely";
import type { Db, Schema, Tx } from "../database/schema.ts";
import { notFound, unprocessable } from "../errors.ts";
import { familyOf } from "../networks/rules.ts";
import { machineTag } from "./rules.ts";

/** `ip` is canonical text without a prefix length. */
export type IpRow = Selectable<Schema["ips"]>;

/** What `POST /v1/ip/find` can ask for; all parts must hold. */
export interface IpQuery {
  readonly ipaddress?: string | undefined;
  readonly allocationuuid?: string | undefined;
  readonly name?: string | undefined;
  readonly projectid?: string | undefined;
  readonly networkid?: string | undefined;
  readonly networkprefix?: string | undefined;
  readonly type?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly machineid?: string | undefined;
  readonly addressfamily?: string | undefined;
  /** Only addresses of these projects. */
  readonly within?: readonly string[] | undefined;
}

const COLUMNS = {
  allocationuuid: "allocation_uuid",
  name: "name",
  projectid: "project_id",
  networkid: "network_id",
  type: "type",
} as const;

/** All addresses that match, in their order. Throws 422 (address family). */
export async function findIps(db: Db, query: IpQuery = {}): Promise<IpRow[]> {
  return db
    .selectFrom("ips")
    .selectAll()
    .where((where) => where.and(conditions(query)))
    .orderBy("ip")
    .execute();
}

function conditions(query: IpQuery): Expression<SqlBool>[] {
  const equal = Object.entries(COLUMNS).flatMap(([key, column]) => {
    const value = query[key as keyof typeof COLUMNS];
    return value === undefined ? [] : [sql<SqlBool>`${sql.ref(column)} = ${value}`];
  });
  const tags = [...(query.tags ?? []), ...(query.machineid ? [machineTag(query.machineid)] : [])];
  if (query.within) equal.push(sql<SqlBool>`project_id = any(${query.within}::text[])`);
  if (tags.length > 0) equal.push(sql<SqlBool>`tags @> ${tags}::text[]`);
  if (query.ipaddress !== undefined)
    equal.push(parseAddress(query.ipaddress) ? sql<SqlBool>`ip = ${query.ipaddress}::inet` : sql<SqlBool>`false`);
  if (query.networkprefix !== undefined)
    equal.push(
      parsePrefix(query.networkprefix)
        ? sql<SqlBool>`prefix = network(${query.networkprefix}::inet)`
        : sql<SqlBool>`false`,
    );
  if (query.addressfamily) {
    const family = familyOf(query.addressfamily);
    if (!family) throw unprocessable(`given addressfamily:"${query.addressfamily}" is invalid`);
    equal.push(sql<SqlBool>`family(ip) = ${family === "IPv4" ? 4 : 6}`);
  }
  return equal;
}

/** Throws 404, also for a text that is no address. */
export async function ipByAddress(db: Db, address: string): Promise<IpRow> {
  const ip = parseAddress(address)
    ? await db.selectFrom("ips").selectAll().where("ip", "=", address).executeTakeFirst()
    : undefined;
  if (!ip) throw notFound("ip", address);
  return ip;
}

/** Reads an address that is about to change; others wait until the transaction ends. Throws 404. */
export async function lockIp(tx: Tx, address: string): Promise<IpRow> {
  const ip = parseAddress(address)
    ? await tx.selectFrom("ips").selectAll().where("ip", "=", address).forUpdate().executeTakeFirst()
    : undefined;
  if (!ip) throw notFound("ip", address);
  return ip;
}

export async function insertIp(tx: Tx, ip: Insertable<Schema["ips"]>): Promise<IpRow> {
  return tx.insertInto("ips").values(ip).returningAll().executeTakeFirstOrThrow();
}

/** The row must be locked. */
export async function updateIpRow(tx: Tx, address: string, change: Updateable<Schema["ips"]>): Promise<IpRow> {
  return tx.updateTable("ips").set(change).where("ip", "=", address).returningAll().executeTakeFirstOrThrow();
}

export async function deleteIpRow(tx: Tx, address: string): Promise<void> {
  await tx.deleteFrom("ips").where("ip", "=", address).execute();
}

/**
 * Locks the addresses of a machine, in the order in which everybody locks several: by network, and within it by the
 * order of its prefixes.
 */
export async function lockIpsOfMachine(tx: Tx, machineId: string): Promise<IpRow[]> {
  const { rows } = await sql<IpRow>`
    select ip.* from ips ip join networks network on network.id = ip.network_id
    where ip.tags @> ${[machineTag(machineId)]}::text[]
    order by ip.network_id, array_position(network.prefixes, ip.prefix::text), ip.ip
    for update of ip`.execute(tx);
  return rows;
}
