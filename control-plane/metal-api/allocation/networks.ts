// Gives a machine its networks and addresses.
import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import type { MachineNetwork } from "../database/documents.ts";
import type { Tx } from "../database/schema.ts";
import { ApiError, unprocessable } from "../errors.ts";
import { acquireLowest, attachIp } from "../ips/commands.ts";
import { machineTag } from "../ips/rules.ts";
import { insertIp, type IpRow } from "../ips/store.ts";
import { familiesOf, natType, networkType } from "../networks/rules.ts";
import type { NetworkRow } from "../networks/store.ts";
import { type Known, type PlannedNetwork, planNetworks } from "./rules-networks.ts";
import type { Specification } from "./specification.ts";

/** Plans the networks. What it reads cannot go before the transaction ends. Throws 404, 422. */
export async function gatherNetworks(tx: Tx, wanted: Specification): Promise<PlannedNetwork[]> {
  const ids = wanted.networks.map(({ networkId }) => networkId);
  const networks = await tx
    .selectFrom("networks")
    .selectAll()
    .where((where) =>
      where.or([
        where("id", "=", sql<string>`any(${ids}::text[])`),
        where.and([where("partition_id", "=", wanted.partitionId), where("underlay", "=", true)]),
      ]),
    )
    .orderBy("id")
    .forKeyShare()
    .execute();
  const supers = await tx
    .selectFrom("networks")
    .select(["id", "partition_id"])
    .where("private_super", "=", true)
    .execute();
  return planNetworks(wanted, {
    networks: networks.filter(({ id }) => ids.includes(id)),
    superNetworkIds: new Set(supers.map(({ id }) => id)),
    hasSuperNetwork: supers.some((network) => network.partition_id === wanted.partitionId),
    underlays: networks.filter(({ underlay, partition_id }) => underlay && partition_id === wanted.partitionId),
    ips: await lockGiven(tx, wanted.ips),
  } satisfies Known);
}

/** In the order in which everybody locks several addresses. */
async function lockGiven(tx: Tx, ips: readonly string[]): Promise<IpRow[]> {
  if (ips.length === 0) return [];
  const { rows } = await sql<IpRow>`
    select ip.* from ips ip join networks network on network.id = ip.network_id
    where ip.ip = any(${ips}::inet[])
    order by ip.network_id, array_position(network.prefixes, ip.prefix::text), ip.ip
    for update of ip`.execute(tx);
  return rows;
}

/**
 * Acquires and attaches addresses. Answers the machine's networks in the order of the plan, still without its ASN.
 * Throws 422, 500 (no address left).
 */
export async function connect(
  tx: Tx,
  wanted: Specification,
  machineId: string,
  planned: readonly PlannedNetwork[],
): Promise<Omit<MachineNetwork, "asn">[]> {
  const addresses = new Map<PlannedNetwork, string[]>();
  // Prefixes are locked in one order by everybody: by network, and within one by the order of its prefixes.
  for (const plan of planned.toSorted((one, other) => (one.network.id < other.network.id ? -1 : 1)))
    addresses.set(plan, await addressesOf(tx, wanted, machineId, plan));
  return planned.map((plan) => machineNetwork(plan, addresses.get(plan)!));
}

async function addressesOf(tx: Tx, wanted: Specification, machineId: string, plan: PlannedNetwork): Promise<string[]> {
  for (const ip of plan.ips) await attachIp(tx, ip, machineId);
  const given = plan.ips.map(({ ip }) => ip);
  if (!plan.acquire) return given;
  const { network } = plan;
  const making = "unable to make networks:";
  if (network.prefixes.length === 0)
    throw unprocessable(`${making}given network ${network.id} does not have prefixes configured`);
  try {
    return [...given, ...(await acquireOfEachFamily(tx, wanted, machineId, network))];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const message = `${making}unable to allocate an ip in network: ${network.id} ${error.message}`;
    throw new ApiError(error.statusCode, message);
  }
}

async function acquireOfEachFamily(
  tx: Tx,
  wanted: Specification,
  machineId: string,
  network: NetworkRow,
): Promise<string[]> {
  const ips: string[] = [];
  for (const family of familiesOf(network.prefixes)) {
    const acquired = await acquireLowest(tx, network, family);
    const row = await insertIp(tx, {
      ...acquired,
      network_id: network.id,
      project_id: wanted.projectId,
      name: wanted.name,
      description: "autoassigned",
      type: "ephemeral",
      tags: [machineTag(machineId)],
      allocation_uuid: randomUUID(),
    });
    ips.push(row.ip);
  }
  return ips;
}

function machineNetwork({ network, attachment }: PlannedNetwork, ips: string[]): Omit<MachineNetwork, "asn"> {
  return {
    networkid: network.id,
    prefixes: network.prefixes,
    ips,
    destinationprefixes: network.destination_prefixes,
    vrf: network.vrf ?? 0,
    nat: network.nat,
    private: attachment.startsWith("private"),
    underlay: attachment === "underlay",
    networktype: attachment,
    networktypev2: networkType(network),
    nattypev2: natType(network),
    projectid: network.project_id ?? "",
  };
}
