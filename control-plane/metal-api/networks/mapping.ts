import { formatPrefix, parsePrefix, type PrefixUsage } from "@metal-stack/ipam";
import { natType, networkType } from "./rules.ts";
import type { NetworkRow } from "./store.ts";

type Usage = ReadonlyMap<string, PrefixUsage>;

const NOTHING = { available_ips: 0, used_ips: 0, available_prefixes: 0, used_prefixes: 0 };

/** The network as REST v1 shows it. After deletion there is no usage any more: leave it out. */
export function networkResponse(network: NetworkRow, usage: Usage = new Map()) {
  const ipv4 = consumed(network, "IPv4", usage);
  const ipv6 = consumed(network, "IPv6", usage);
  const { default_child_prefix_length: lengths, additional_announcable_cidrs: announcable } = network;
  return {
    id: network.id,
    name: network.name,
    description: network.description,
    partitionid: network.partition_id ?? "",
    projectid: network.project_id ?? "",
    labels: network.labels,
    shared: network.shared,
    prefixes: network.prefixes,
    destinationprefixes: network.destination_prefixes,
    ...(Object.keys(lengths).length > 0 ? { defaultchildprefixlength: { ...lengths } } : {}),
    nat: network.nat,
    privatesuper: network.private_super,
    underlay: network.underlay,
    vrf: network.vrf ?? 0,
    ...(network.parent_network_id === null ? {} : { parentnetworkid: network.parent_network_id }),
    ...(announcable.length > 0 ? { additionalAnnouncableCIDRs: announcable } : {}),
    networktype: networkType(network),
    nattype: natType(network),
    consumption: { ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) },
    usage: ipv4 ?? NOTHING,
    created: network.created.toISOString(),
    changed: network.changed.toISOString(),
  };
}

/** The sums over all prefixes of one family; undefined when the network has none of it. */
function consumed(network: NetworkRow, family: "IPv4" | "IPv6", usage: Usage) {
  const used = network.prefixes.flatMap((cidr) => {
    const prefix = parsePrefix(cidr);
    return prefix?.family === family ? (usage.get(formatPrefix(prefix)) ?? []) : [];
  });
  if (used.length === 0) return undefined;
  const sum = (number: (usage: PrefixUsage) => number) => used.reduce((total, usage) => total + number(usage), 0);
  return {
    available_ips: sum((usage) => usage.availableIps),
    used_ips: sum((usage) => usage.usedIps),
    available_prefixes: sum((usage) => usage.availablePrefixes),
    used_prefixes: sum((usage) => usage.usedPrefixes),
  };
}
