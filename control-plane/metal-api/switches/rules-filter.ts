// What a leaf lets a machine or firewall announce by BGP (reference/api-resources.md 8.11, BGP filter).
import { covers, formatPrefix, parseAddress, parsePrefix, type Prefix } from "@metal-stack/ipam";

interface FilterNetwork {
  readonly prefixes: readonly string[];
  readonly ips: readonly string[];
  readonly vrf: number;
  readonly private: boolean;
  readonly underlay: boolean;
}

export interface FilterFacts {
  readonly role: "machine" | "firewall";
  readonly networks: readonly FilterNetwork[];
  /** additionalAnnouncableCIDRs of the super network above the private network. */
  readonly announcable: readonly string[];
  /** Every address of the machine's project. */
  readonly projectIps: readonly string[];
}

export interface Filter {
  readonly cidrs: readonly string[];
  readonly vnis: readonly string[];
}

/** Both lists sorted as text, so that nothing changes on the switch when nothing changed here. @param vrf the port's */
export function filterOf(facts: FilterFacts, vrf: string): Filter {
  return facts.role === "firewall" ? firewallFilter(facts, vrf) : { vnis: [], cidrs: machineCidrs(facts) };
}

/** Until a firewall's port is in the default VRF it boots from there, and a filter would cut it off. */
function firewallFilter({ networks }: FilterFacts, vrf: string): Filter {
  if (vrf !== "default") return { vnis: [], cidrs: [] };
  const underlay = networks.filter((network) => network.underlay).flatMap((network) => network.ips);
  const overlay = networks.filter((network) => !network.underlay);
  return {
    vnis: overlay.map((network) => String(network.vrf)).sort(),
    cidrs: underlay.map(hostRoute).sort(),
  };
}

function machineCidrs({ networks, announcable, projectIps }: FilterFacts): string[] {
  const own = networks.find((network) => network.private);
  const underlay = networks.find((network) => network.underlay);
  const already = parseAll([...(own?.prefixes ?? []), ...(underlay?.prefixes ?? [])]);
  const hosts = parseAll(projectIps.map(hostRoute)).filter((ip) => !already.some((prefix) => covers(prefix, ip)));
  const all = [...parseAll([...(own?.prefixes ?? []), ...(own ? announcable : [])]), ...hosts];
  return compact(all).map(formatPrefix).sort();
}

function hostRoute(ip: string): string {
  return `${ip}/${parseAddress(ip)?.family === "IPv4" ? 32 : 128}`;
}

function parseAll(cidrs: readonly string[]): Prefix[] {
  return cidrs.flatMap((cidr) => parsePrefix(cidr) ?? []);
}

/** The smallest set of prefixes that covers exactly the same addresses. */
export function compact(prefixes: readonly Prefix[]): Prefix[] {
  const sorted = prefixes.toSorted(
    (a, b) => a.family.localeCompare(b.family) || compare(a.value, b.value) || a.length - b.length,
  );
  const kept: Prefix[] = [];
  for (const prefix of sorted) {
    const last = kept.at(-1);
    if (last && covers(last, prefix)) continue;
    kept.push(prefix);
    for (let whole = merged(kept); whole; whole = merged(kept)) kept.splice(-2, 2, whole);
  }
  return kept;
}

/** The prefix that the last two make together when they are its halves. */
function merged(kept: readonly Prefix[]): Prefix | undefined {
  const [low, high] = kept.slice(-2);
  if (!low || !high || low.family !== high.family || low.length !== high.length || low.length === 0) return undefined;
  const whole = parsePrefix(formatPrefix({ ...low, length: low.length - 1 }))!;
  return whole.value === low.value && covers(whole, high) ? whole : undefined;
}

const compare = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);
