// Networks come and go together with their prefixes and their VRF: each command is one transaction of the caller.
import { randomUUID } from "node:crypto";
import { json } from "@metal-stack/database";
import {
  acquireChildPrefix,
  type AddressFamily,
  createPrefix,
  deletePrefix,
  formatPrefix,
  IpamError,
  parsePrefix,
  releaseChildPrefix,
} from "@metal-stack/ipam";
import { sql } from "kysely";
import type { Tx } from "../database/schema.ts";
import { ApiError, badRequest, conflict, internal, notFound, unprocessable } from "../errors.ts";
import { acquireNumber, acquireSpecificNumber, releaseNumber } from "../numbers/store.ts";
import { asking } from "./ipam-refusal.ts";
import {
  announcableProblem,
  checkChildLengths,
  checkDestinations,
  checkOnlyOneInPartition,
  childLengthsOf,
  FAMILIES,
  prefixesOf,
  wantedChildLengths,
  written,
} from "./rules.ts";
import { deleteNetworkRow, insertNetwork, lockNetwork, type NetworkRow } from "./store.ts";

/** An operator's new network. Absent is empty, false, none. */
export interface NetworkCreate {
  readonly id?: string;
  readonly name?: string;
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly partitionid?: string;
  readonly projectid?: string;
  readonly prefixes?: readonly string[];
  readonly destinationprefixes?: readonly string[];
  readonly defaultchildprefixlength?: Readonly<Record<string, number>>;
  readonly additionalAnnouncableCIDRs?: readonly string[];
  readonly privatesuper?: boolean;
  readonly underlay?: boolean;
  readonly nat?: boolean;
  readonly vrf?: number;
  readonly vrfshared?: boolean;
}

/** Creates a root network. The project was checked by the caller. Throws 400, 404, 409, 422. */
export async function createNetwork(tx: Tx, request: NetworkCreate): Promise<NetworkRow> {
  const { prefixes = [], destinationprefixes = [], additionalAnnouncableCIDRs = [] } = request;
  const kind = { private_super: request.privatesuper ?? false, underlay: request.underlay ?? false };
  const nat = request.nat ?? false;
  if (prefixes.length === 0) throw badRequest("no prefixes given");
  const lengths = request.defaultchildprefixlength && Object.keys(request.defaultchildprefixlength).length > 0;
  if (lengths && !kind.private_super)
    throw badRequest("defaultchildprefixlength can only be set for privatesuper networks");
  const childLengths = childLengthsOf(request.defaultchildprefixlength ?? {}, "defaultchildprefixlength");
  prefixesOf(prefixes);
  prefixesOf(destinationprefixes);
  checkDestinations(prefixes, destinationprefixes);
  if (kind.private_super) checkChildLengths(prefixes, childLengths);
  const announcable = announcableProblem(additionalAnnouncableCIDRs, kind.private_super);
  if (announcable !== undefined) throw badRequest(announcable);

  const id = request.id || randomUUID();
  // Of two who create it at once the second is told that it exists, and not that its own prefixes are taken.
  await sql`select pg_advisory_xact_lock(hashtextextended(${`network:${id}`}, 0))`.execute(tx);
  if (await exists(tx, id)) throw conflict("entity already exists");
  for (const cidr of prefixes) await asking("unable to create prefix in ipam", () => createPrefix(tx, cidr));
  if (request.partitionid) await checkPartition(tx, request.partitionid, kind);
  if ((kind.private_super || kind.underlay) && nat)
    throw badRequest("private super or underlay network is not supposed to NAT");
  if (request.vrf) await takeVrf(tx, request.vrf, request.vrfshared ?? false);

  return insertNetwork(tx, {
    id,
    ...kind,
    nat,
    name: request.name ?? "",
    description: request.description ?? "",
    labels: json({ ...request.labels }),
    partition_id: request.partitionid || null,
    project_id: request.projectid || null,
    parent_network_id: null,
    prefixes: written(prefixes),
    destination_prefixes: written(destinationprefixes),
    default_child_prefix_length: json(childLengths),
    additional_announcable_cidrs: [...additionalAnnouncableCIDRs],
    vrf: request.vrf || null,
    vrf_shared: request.vrfshared ?? false,
  });
}

async function exists(tx: Tx, id: string): Promise<boolean> {
  return (await tx.selectFrom("networks").select("id").where("id", "=", id).executeTakeFirst()) !== undefined;
}

async function checkPartition(
  tx: Tx,
  partitionId: string,
  kind: { readonly private_super: boolean; readonly underlay: boolean },
): Promise<void> {
  // The lock keeps two operators from creating the second super network at the same time.
  const partition = await tx.selectFrom("partitions").select("id").where("id", "=", partitionId).forUpdate().execute();
  if (partition.length === 0) throw notFound("partition", partitionId);
  const others = await tx
    .selectFrom("networks")
    .select(["private_super", "underlay"])
    .where("partition_id", "=", partitionId)
    .execute();
  checkOnlyOneInPartition(kind, partitionId, others);
}

async function takeVrf(tx: Tx, vrf: number, shared: boolean): Promise<void> {
  await holdVrf(tx, vrf);
  try {
    await acquireSpecificNumber(tx, "vrf", vrf);
  } catch (error) {
    const taken = error instanceof ApiError && error.statusCode === 409;
    if (!taken) throw error instanceof ApiError ? unprocessable(`could not acquire vrf: ${error.message}`) : error;
    if (!shared) throw conflict("cannot acquire a unique vrf id twice except vrfShared is set to true");
  }
}

/** A tenant's request for a private network. */
export interface ChildNetworkRequest {
  readonly name?: string;
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly partitionid?: string;
  readonly projectid?: string;
  readonly destinationprefixes?: readonly string[];
  readonly shared?: boolean;
  readonly nat?: boolean;
  readonly length?: Readonly<Record<string, number>>;
  readonly addressfamily?: string;
}

/**
 * Cuts a private network out of the partition's super network and gives it a VRF of its own. The project was checked by
 * the caller. Throws 400, 404 (partition, super network), 422 (no prefix left), 500 (super network without lengths).
 */
export async function allocateChildNetwork(tx: Tx, request: ChildNetworkRequest): Promise<NetworkRow> {
  const { projectid, partitionid, destinationprefixes = [] } = request;
  if (!projectid) throw badRequest("projectid should not be empty");
  if (!partitionid) throw badRequest("partitionid should not be empty");
  const partition = await tx.selectFrom("partitions").select("id").where("id", "=", partitionid).executeTakeFirst();
  if (!partition) throw notFound("partition", partitionid);
  prefixesOf(destinationprefixes);
  const parent = await superNetworkOf(tx, partitionid);
  const lengths = wantedChildLengths(parent.default_child_prefix_length, request.length, request.addressfamily);

  const prefixes = [];
  for (const family of FAMILIES) {
    const length = lengths[family];
    if (length !== undefined) prefixes.push(await cutPrefix(tx, parent, family, length));
  }
  const shared = request.shared ?? false;
  return insertNetwork(tx, {
    id: randomUUID(),
    name: request.name ?? "",
    description: request.description ?? "",
    labels: json({ ...request.labels }),
    partition_id: partitionid,
    project_id: projectid,
    parent_network_id: parent.id,
    prefixes,
    destination_prefixes: written(destinationprefixes),
    vrf: await acquireNumber(tx, "vrf"),
    nat: request.nat ?? false,
    shared,
  });
}

async function superNetworkOf(tx: Tx, partitionId: string): Promise<NetworkRow> {
  const [parent, second] = await tx
    .selectFrom("networks")
    .selectAll()
    .where("partition_id", "=", partitionId)
    .where("private_super", "=", true)
    .execute();
  if (!parent) throw new ApiError(404, "NotFound no network found");
  if (second) throw unprocessable(`partition ${partitionId} has more than one private super network`);
  if (Object.keys(parent.default_child_prefix_length).length === 0)
    throw internal(`supernetwork ${parent.id} has no defaultchildprefixlength specified`);
  return parent;
}

/** A child of the first prefix of the super network that still has room. */
async function cutPrefix(tx: Tx, parent: NetworkRow, family: AddressFamily, length: number): Promise<string> {
  const errors: string[] = [];
  for (const cidr of parent.prefixes.filter((cidr) => parsePrefix(cidr)?.family === family)) {
    try {
      return await acquireChildPrefix(tx, cidr, length);
    } catch (error) {
      if (!(error instanceof IpamError)) throw error;
      errors.push(error.message);
    }
  }
  if (errors.length > 0) throw unprocessable(`cannot allocate free child prefix in ipam: ${errors.join("\n")}`);
  throw unprocessable(
    `could not allocate child prefix in parent network: ${parent.id} for addressfamily: ${family} length:${length}`,
  );
}

/** Gives a child network back: prefixes to the super network, VRF to the pool. Throws 404, 422 (root, or IPs in use). */
export async function freeNetwork(tx: Tx, id: string): Promise<NetworkRow> {
  const network = await lockNetwork(tx, id);
  for (const cidr of network.prefixes)
    await asking("error releasing child prefix in ipam", () => releaseChildPrefix(tx, cidr));
  await removeNetwork(tx, network);
  return network;
}

/** Deletes any network without children and IPs. Throws 404, 422. */
export async function deleteNetwork(tx: Tx, id: string): Promise<NetworkRow> {
  const network = await lockNetwork(tx, id);
  const child = await tx.selectFrom("networks").select("id").where("parent_network_id", "=", id).executeTakeFirst();
  if (child) throw unprocessable("network cannot be deleted because there are children of this network");
  await checkUnused(tx, network.prefixes, "unable to delete network");
  for (const cidr of network.prefixes) await asking("unable to delete network", () => deletePrefix(tx, cidr));
  await removeNetwork(tx, network);
  return network;
}

/** Until the transaction ends nobody else joins or leaves this VRF: of several networks in it the last one gives it back. */
async function holdVrf(tx: Tx, vrf: number): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`vrf:${vrf}`}, 0))`.execute(tx);
}

async function removeNetwork(tx: Tx, network: NetworkRow): Promise<void> {
  await deleteNetworkRow(tx, network.id);
  if (network.vrf === null) return;
  await holdVrf(tx, network.vrf);
  const other = await tx.selectFrom("networks").select("id").where("vrf", "=", network.vrf).executeTakeFirst();
  if (!other) await releaseNumber(tx, "vrf", network.vrf);
}

/** Throws 422 when an IP of one of the prefixes is in use. */
export async function checkUnused(tx: Tx, cidrs: readonly string[], doing: string): Promise<void> {
  const canonical = prefixesOf(cidrs).map(formatPrefix);
  const used = await tx
    .selectFrom("ips")
    .select(["prefix", sql<string>`host(ip)`.as("ip")])
    .where(sql<boolean>`prefix = any(${canonical}::cidr[])`)
    .orderBy("ip")
    .limit(1)
    .executeTakeFirst();
  if (used) throw unprocessable(`${doing}: prefix ${used.prefix} has ip ${used.ip} in use`);
}
