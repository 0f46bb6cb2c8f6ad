import { type Database, parsePrefix, type PrefixUsage, usageOf } from "@metal-stack/ipam";
import { type Expression, type Insertable, type Selectable, type SqlBool, sql, type Updateable } from "kysely";
import type { Db, Schema, Tx } from "../database/schema.ts";
import { badRequest, notFound, unprocessable } from "../errors.ts";
import { familyOf } from "./rules.ts";

export type NetworkRow = Selectable<Schema["networks"]>;

/** What `POST /v1/network/find` can ask for; all parts must hold. */
export interface NetworkQuery {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly partitionid?: string | undefined;
  readonly projectid?: string | undefined;
  readonly parentnetworkid?: string | undefined;
  readonly vrf?: number | undefined;
  readonly nat?: boolean | undefined;
  readonly privatesuper?: boolean | undefined;
  readonly underlay?: boolean | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly prefixes?: readonly string[] | undefined;
  readonly destinationprefixes?: readonly string[] | undefined;
  readonly addressfamily?: string | undefined;
  /** Only networks of these projects, and those for everybody. */
  readonly within?: readonly string[] | undefined;
}

/** Query key to column, where the comparison is equality. */
const COLUMNS = {
  id: "id",
  name: "name",
  partitionid: "partition_id",
  projectid: "project_id",
  parentnetworkid: "parent_network_id",
  nat: "nat",
  privatesuper: "private_super",
  underlay: "underlay",
} as const;

/** All networks that match, by id. Throws 400 (malformed CIDR), 422 (address family). */
export async function findNetworks(db: Db, query: NetworkQuery = {}): Promise<NetworkRow[]> {
  return db
    .selectFrom("networks")
    .selectAll()
    .where((where) => where.and(conditions(query)))
    .orderBy("id")
    .execute();
}

function conditions(query: NetworkQuery): Expression<SqlBool>[] {
  const equal = Object.entries(COLUMNS).flatMap(([key, column]) => {
    const value = query[key as keyof typeof COLUMNS];
    if (value === undefined) return [];
    // A network without partition, project or parent has the empty one, as the original stores it.
    return [
      value === "" ? sql<SqlBool>`coalesce(${sql.ref(column)}, '') = ''` : sql<SqlBool>`${sql.ref(column)} = ${value}`,
    ];
  });
  const vrf = query.vrf === undefined ? [] : [sql<SqlBool>`coalesce(vrf, 0) = ${query.vrf}::bigint`];
  const labels = query.labels === undefined ? [] : [sql<SqlBool>`labels @> ${JSON.stringify(query.labels)}::jsonb`];
  return [
    ...equal,
    ...vrf,
    ...labels,
    ...hasPrefixes("prefixes", query.prefixes),
    ...hasPrefixes("destination_prefixes", query.destinationprefixes),
    ...family(query.addressfamily),
    ...inSight(query.within),
  ];
}

/** As `isForEverybody` in rules. */
function inSight(projects: readonly string[] | undefined): Expression<SqlBool>[] {
  if (!projects) return [];
  return [sql<SqlBool>`(project_id = any(${projects}::text[]) or shared or (project_id is null and not underlay))`];
}

function hasPrefixes(column: string, cidrs: readonly string[] = []): Expression<SqlBool>[] {
  const wrong = cidrs.find((cidr) => !parsePrefix(cidr));
  if (wrong !== undefined) throw badRequest(`given prefix ${wrong} is not a valid ip with mask`);
  return cidrs.length === 0 ? [] : [sql<SqlBool>`${sql.ref(column)}::inet[] @> ${[...cidrs]}::inet[]`];
}

function family(text: string | undefined): Expression<SqlBool>[] {
  if (text === undefined || text === "") return [];
  const wanted = familyOf(text);
  if (!wanted) throw unprocessable(`given addressfamily:"${text}" is invalid`);
  const version = wanted === "IPv4" ? 4 : 6;
  return [sql<SqlBool>`exists (select from unnest(prefixes) prefix where family(prefix::inet) = ${version})`];
}

/** Throws 404. */
export async function networkById(db: Db, id: string): Promise<NetworkRow> {
  const network = await db.selectFrom("networks").selectAll().where("id", "=", id).executeTakeFirst();
  if (!network) throw notFound("network", id);
  return network;
}

/** Reads a network that is about to be used: it cannot go before the transaction ends. Throws 404. */
export async function holdNetwork(tx: Tx, id: string): Promise<NetworkRow> {
  const network = await tx.selectFrom("networks").selectAll().where("id", "=", id).forKeyShare().executeTakeFirst();
  if (!network) throw notFound("network", id);
  return network;
}

/** Reads a network that is about to change; others wait until the transaction ends. Throws 404. */
export async function lockNetwork(tx: Tx, id: string): Promise<NetworkRow> {
  const network = await tx.selectFrom("networks").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
  if (!network) throw notFound("network", id);
  return network;
}

export async function insertNetwork(tx: Tx, network: Insertable<Schema["networks"]>): Promise<NetworkRow> {
  return tx.insertInto("networks").values(network).returningAll().executeTakeFirstOrThrow();
}

/** The row must be locked. */
export async function updateNetworkRow(
  tx: Tx,
  id: string,
  changes: Updateable<Schema["networks"]>,
): Promise<NetworkRow> {
  return tx.updateTable("networks").set(changes).where("id", "=", id).returningAll().executeTakeFirstOrThrow();
}

export async function deleteNetworkRow(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom("networks").where("id", "=", id).execute();
}

/** The usage of all prefixes of all these networks, by canonical CIDR, in one query. */
export async function usageOfNetworks(
  db: Database,
  networks: readonly NetworkRow[],
): Promise<ReadonlyMap<string, PrefixUsage>> {
  return usageOf(db, [...new Set(networks.flatMap((network) => network.prefixes))]);
}
