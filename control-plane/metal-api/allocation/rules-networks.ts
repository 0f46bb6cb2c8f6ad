// Which networks a machine gets and what each is to it (reference/machine-lifecycle.md 1.4, 3.5, 3.6). Pure.
import { notFound, unprocessable } from "../errors.ts";
import { scopeOf } from "../ips/rules.ts";
import type { IpRow } from "../ips/store.ts";
import type { NetworkRow } from "../networks/store.ts";
import type { Role, WantedNetwork } from "./rules-request.ts";

/** What a network is to the machine in it, as `networktype` of the REST API. */
type Attachment =
  | "privateprimaryunshared"
  | "privateprimaryshared"
  | "privatesecondaryshared"
  | "external"
  | "underlay";

export interface PlannedNetwork {
  readonly network: NetworkRow;
  readonly attachment: Attachment;
  /** An address of each family is acquired, besides the given ones. */
  readonly acquire: boolean;
  /** Given addresses of this network. */
  readonly ips: readonly IpRow[];
}

export interface Wanted {
  readonly role: Role;
  readonly projectId: string;
  readonly partitionId: string;
  readonly networks: readonly WantedNetwork[];
  /** Canonical. */
  readonly ips: readonly string[];
}

/** What the database knows of it. */
export interface Known {
  /** The wanted networks that exist. */
  readonly networks: readonly NetworkRow[];
  /** Of the parents of those, the ids that are private super networks. */
  readonly superNetworkIds: ReadonlySet<string>;
  /** Of the partition. */
  readonly hasSuperNetwork: boolean;
  readonly underlays: readonly NetworkRow[];
  /** The given addresses that exist. */
  readonly ips: readonly IpRow[];
}

const GATHERING = "unable to gather networks:";

function refuse(message: string) {
  return unprocessable(GATHERING + message);
}

/** The networks of the machine in the order of the request, a firewall's underlay last. Throws 404, 422. */
export function planNetworks(wanted: Wanted, known: Known): PlannedNetwork[] {
  if (!known.hasSuperNetwork) throw refuse(`partition ${wanted.partitionId} does not have a private super network`);
  const networks = wanted.networks.map(({ networkId }) => wantedNetwork(networkId, known));
  const primary = primaryNetwork(wanted, networks, known);
  const ips = wanted.ips.map((ip) => givenIp(ip, wanted, networks, known));
  const planned = networks.map((network, index): PlannedNetwork => {
    const own = ips.filter((ip) => ip.network_id === network.id);
    return {
      network,
      attachment: attachmentOf(network, primary, known),
      acquire: wanted.networks[index]!.autoAcquire && own.length === 0,
      ips: own,
    };
  });
  for (const { network, attachment, acquire, ips } of planned) {
    if (attachment === "external") continue;
    if (network.partition_id !== wanted.partitionId)
      throw refuse(
        `private network "${network.id}" must be located in the partition where the machine is going to be placed`,
      );
    if (!acquire && ips.length === 0)
      throw refuse(
        `the private network "${network.id}" has no auto ip acquisition, but no suitable IPs were provided, which would lead into a machine having no ip address`,
      );
  }
  return wanted.role === "firewall" ? [...planned, underlay(wanted.partitionId, known.underlays)] : planned;
}

function wantedNetwork(id: string, known: Known): NetworkRow {
  const network = known.networks.find((network) => network.id === id);
  if (!network) throw notFound("network", id);
  if (network.underlay) throw refuse(`underlay networks are not allowed to be set explicitly: ${id}`);
  if (network.private_super) throw refuse(`private super networks are not allowed to be set explicitly: ${id}`);
  return network;
}

function isPrivate(network: NetworkRow, known: Known): boolean {
  return network.parent_network_id !== null && known.superNetworkIds.has(network.parent_network_id);
}

/** The private network whose VRF the machine is in. */
function primaryNetwork(wanted: Wanted, networks: readonly NetworkRow[], known: Known): NetworkRow {
  const own = networks.filter((network) => isPrivate(network, known));
  const unshared = own.filter(({ shared }) => !shared);
  if (new Set(unshared.map(({ id }) => id)).size > 1)
    throw refuse(
      "multiple private networks are specified but there must be only one primary private network that must not be shared",
    );
  if (new Set(networks.map(({ id }) => id)).size < networks.length) throw refuse("given network ids are not unique");
  const [first] = own;
  if (!first) throw refuse("no private network given");
  if (unshared.length === 0 && own.length > 1)
    throw refuse(
      "machines and firewalls are not allowed to be placed into multiple private, shared networks (firewall needs an unshared private network and machines may only reside in one private network)",
    );
  if (wanted.role === "machine" && own.length > 1)
    throw refuse("machines are not allowed to be placed into multiple private networks");
  const primary = unshared[0] ?? first;
  if (primary.project_id !== wanted.projectId)
    throw refuse("the given private network does not belong to the project, which is not allowed");
  return primary;
}

function attachmentOf(network: NetworkRow, primary: NetworkRow, known: Known): Attachment {
  if (!isPrivate(network, known)) return "external";
  if (network.id !== primary.id) return "privatesecondaryshared";
  return network.shared ? "privateprimaryshared" : "privateprimaryunshared";
}

function givenIp(address: string, wanted: Wanted, networks: readonly NetworkRow[], known: Known): IpRow {
  const ip = known.ips.find((ip) => ip.ip === address);
  if (!ip) throw notFound("ip", address);
  if (ip.project_id !== wanted.projectId)
    throw refuse(
      `given ip "${address}" with project id "${ip.project_id}" does not belong to the project of this allocation: ${wanted.projectId}`,
    );
  if (!networks.some(({ id }) => id === ip.network_id))
    throw refuse(`given ip "${address}" is not in any of the given networks, which is required`);
  if (scopeOf(ip) === "")
    throw refuse(
      `given ip "${address}" is not available for direct attachment to machine because it is already in use`,
    );
  return ip;
}

function underlay(partitionId: string, underlays: readonly NetworkRow[]): PlannedNetwork {
  const [network, second] = underlays;
  if (!network) throw refuse(`no underlay found in the given partition:${partitionId}`);
  if (second)
    throw refuse(
      `more than one underlay network in partition ${partitionId} in the database, which should not be the case`,
    );
  return { network, attachment: "underlay", acquire: true, ips: [] };
}
