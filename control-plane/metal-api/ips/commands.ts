// Addresses come and go together with their IPAM entry: each command is part of one transaction of the caller.
import { randomUUID } from "node:crypto";
import {
  acquireAddress,
  acquireSpecificAddress,
  type AddressFamily,
  contains,
  formatPrefix,
  IpamError,
  parseAddress,
  parsePrefix,
  releaseAddress,
} from "@metal-stack/ipam";
import type { Tx } from "../database/schema.ts";
import { badRequest, internal, unprocessable } from "../errors.ts";
import { asking } from "../networks/ipam-refusal.ts";
import { familiesOf, familyOf } from "../networks/rules.ts";
import { holdNetwork, type NetworkRow } from "../networks/store.ts";
import { checkUpdate, machineTag, normalisedTags, scopeOf, typeOf } from "./rules.ts";
import { deleteIpRow, insertIp, type IpRow, lockIp, lockIpsOfMachine, updateIpRow } from "./store.ts";

export interface IpAllocate {
  readonly networkid?: string;
  readonly projectid?: string;
  readonly name?: string;
  readonly description?: string;
  readonly type?: string;
  readonly tags?: readonly string[];
  readonly machineid?: string;
  readonly addressfamily?: string;
}

/**
 * Allocates an address of a network: this one, or the lowest free. The project was checked by the caller.
 * Throws 400, 404 (network), 409 (taken), 422, 500 (none left).
 */
export async function allocateIp(tx: Tx, request: IpAllocate, specific?: string): Promise<IpRow> {
  const { networkid, projectid } = request;
  if (!networkid) throw badRequest("networkid should not be empty");
  if (!projectid) throw badRequest("projectid should not be empty");
  const network = await holdNetwork(tx, networkid);
  const family = wantedFamily(network, request, specific);
  if (!network.shared && network.parent_network_id !== null && network.project_id !== projectid)
    throw unprocessable(
      `can not allocate ip for project "${projectid}" because network belongs to "${network.project_id}" and the network is not shared`,
    );
  const acquired =
    specific === undefined ? await acquireLowest(tx, network, family) : await acquireThis(tx, network, specific);
  return insertIp(tx, {
    ...acquired,
    network_id: network.id,
    project_id: projectid,
    name: request.name ?? "",
    description: request.description ?? "",
    type: typeOf(request.type),
    tags: normalisedTags([...(request.tags ?? []), ...(request.machineid ? [machineTag(request.machineid)] : [])]),
    allocation_uuid: randomUUID(),
  });
}

/** Of which family an address shall be. Throws 400, 422. */
export function wantedFamily(
  network: NetworkRow,
  { addressfamily: wanted }: IpAllocate,
  specific: string | undefined,
): AddressFamily {
  if (network.prefixes.length === 0) throw unprocessable(`network ${network.id} does not have prefixes configured`);
  const present = familiesOf(network.prefixes);
  if (!wanted) return present[0] ?? "IPv4";
  const family = familyOf(wanted);
  if (!family) throw unprocessable(`given addressfamily:"${wanted}" is invalid`);
  if (!present.includes(family))
    throw badRequest(`there is no prefix for the given addressfamily:${wanted} present in network:${network.id}`);
  if (specific !== undefined) throw badRequest("it is not possible to specify specificIP and addressfamily");
  return family;
}

/** The lowest free address of the first prefix of this family that has one. Throws 422, 500 (none left). */
export async function acquireLowest(
  tx: Tx,
  network: NetworkRow,
  family: AddressFamily,
): Promise<{ ip: string; prefix: string }> {
  for (const prefix of prefixesIn(network, family)) {
    try {
      return { prefix, ip: await asking(`cannot allocate ip in prefix ${prefix} in ipam`, () => orNone(tx, prefix)) };
    } catch (error) {
      if (error !== NONE_LEFT) throw error;
    }
  }
  throw internal("cannot allocate free ip in ipam, no ips left");
}

const NONE_LEFT = new Error("no address left in this prefix");

async function orNone(tx: Tx, prefix: string): Promise<string> {
  try {
    return await acquireAddress(tx, prefix);
  } catch (error) {
    throw error instanceof IpamError && error.code === "no-address-left" ? NONE_LEFT : error;
  }
}

async function acquireThis(tx: Tx, network: NetworkRow, specific: string): Promise<{ ip: string; prefix: string }> {
  const address = parseAddress(specific);
  if (!address) throw unprocessable(`unable to parse specific ip: ${specific}`);
  const prefix = prefixesIn(network, address.family).find((cidr) => contains(parsePrefix(cidr)!, address));
  if (!prefix) throw unprocessable("specific ip not contained in any of the defined prefixes");
  const ip = await asking(`cannot allocate ip in prefix ${prefix} in ipam`, () =>
    acquireSpecificAddress(tx, prefix, specific),
  );
  return { ip, prefix };
}

/** Canonical, in the network's order. */
function prefixesIn(network: NetworkRow, family: AddressFamily): string[] {
  return network.prefixes.flatMap((cidr) => {
    const prefix = parsePrefix(cidr);
    return prefix?.family === family ? [formatPrefix(prefix)] : [];
  });
}

export interface IpUpdate {
  readonly ipaddress: string;
  readonly name?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly type?: string;
}

/**
 * Changes what is given. Throws 400, 404.
 * @param check may refuse what is stored (If-Match)
 */
export async function updateIp(
  tx: Tx,
  request: IpUpdate,
  check: (stored: IpRow) => void = () => undefined,
): Promise<IpRow> {
  const ip = await lockIp(tx, request.ipaddress);
  check(ip);
  const type = request.type === "static" || request.type === "ephemeral" ? request.type : ip.type;
  const tags = request.tags ? normalisedTags(request.tags) : ip.tags;
  checkUpdate(ip, { type, tags });
  return updateIpRow(tx, ip.ip, {
    name: request.name ?? ip.name,
    description: request.description ?? ip.description,
    tags,
    type,
  });
}

/**
 * Frees an address that no machine has, static or not. Throws 400, 404.
 * @param check may refuse what is stored
 */
export async function freeIp(
  tx: Tx,
  address: string,
  check: (stored: IpRow) => void = () => undefined,
): Promise<IpRow> {
  const ip = await lockIp(tx, address);
  check(ip);
  if (scopeOf(ip) === "machine") throw badRequest("ip with machine scope can not be deleted");
  await releaseIp(tx, ip);
  return ip;
}

/** The machine has the address from now on, beside those that have it already. */
export async function attachIp(tx: Tx, ip: IpRow, machineId: string): Promise<void> {
  await updateIpRow(tx, ip.ip, { tags: normalisedTags([...ip.tags, machineTag(machineId)]) });
}

/** Takes all addresses away from a machine; ephemeral ones that no other machine has are free again. */
export async function detachIps(tx: Tx, machineId: string): Promise<void> {
  for (const ip of await lockIpsOfMachine(tx, machineId)) {
    const tags = ip.tags.filter((tag) => tag !== machineTag(machineId));
    if (ip.type === "ephemeral" && scopeOf({ ...ip, tags }) !== "machine") await releaseIp(tx, ip);
    else await updateIpRow(tx, ip.ip, { tags });
  }
}

async function releaseIp(tx: Tx, ip: IpRow): Promise<void> {
  await deleteIpRow(tx, ip.ip);
  try {
    await releaseAddress(tx, ip.prefix, ip.ip);
  } catch (error) {
    // The address is free, and that is what was asked for.
    if (!(error instanceof IpamError && error.code === "not-found")) throw error;
  }
}
