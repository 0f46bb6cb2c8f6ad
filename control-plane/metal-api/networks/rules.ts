// What a network is and which ones may exist (reference/api-resources.md 8.7). Pure.
import { type AddressFamily, BITS, formatAddress, parseAddress, parsePrefix, type Prefix } from "@metal-stack/ipam";
import { type ApiError, badRequest, unprocessable } from "../errors.ts";

export const FAMILIES: readonly AddressFamily[] = ["IPv4", "IPv6"];

/** Child prefix length by family. */
export type ChildLengths = Readonly<Partial<Record<AddressFamily, number>>>;

export type NetworkType = "external" | "super" | "underlay" | "child" | "child-shared";

export interface NetworkKind {
  readonly private_super: boolean;
  readonly underlay: boolean;
  readonly shared: boolean;
  readonly parent_network_id: string | null;
}

export function networkType(network: NetworkKind): NetworkType {
  if (network.underlay) return "underlay";
  if (network.private_super) return "super";
  if (network.parent_network_id === null) return "external";
  return network.shared ? "child-shared" : "child";
}

/** Networks that tenants are connected by, and those that they share. */
export function isForEverybody(network: NetworkKind & { readonly project_id: string | null }): boolean {
  return network.shared || (network.project_id === null && !network.underlay);
}

export function natType(network: { readonly nat: boolean }): "none" | "ipv4-masq" {
  return network.nat ? "ipv4-masq" : "none";
}

/** Reads an address family in any case; undefined when it is none. */
export function familyOf(text: string): AddressFamily | undefined {
  return FAMILIES.find((family) => family.toLowerCase() === text.toLowerCase());
}

/** What is said of a malformed text: 400 when a network is made, 422 when it is changed, as in the original. */
type Refuse = (message: string) => ApiError;

/** Reads child prefix lengths with families in any case. Throws 400 unless told otherwise. */
export function childLengthsOf(
  lengths: Readonly<Record<string, number>>,
  field: string,
  refuse: Refuse = badRequest,
): ChildLengths {
  const entries = Object.entries(lengths).map(([key, length]) => {
    const family = familyOf(key);
    if (!family) throw refuse(`addressfamily of ${field} is invalid: given addressfamily:"${key}" is invalid`);
    return [family, length] as const;
  });
  return Object.fromEntries(entries);
}

/** Reads CIDRs. Throws 400, unless told otherwise, naming the first that is none. */
export function prefixesOf(cidrs: readonly string[], refuse: Refuse = badRequest): Prefix[] {
  return cidrs.map((cidr) => {
    const prefix = parsePrefix(cidr);
    if (!prefix) throw refuse(`given prefix ${cidr} is not a valid ip with mask`);
    return prefix;
  });
}

/** CIDRs as a network keeps and shows them: canonical, with the host bits that they came with. */
export function written(cidrs: readonly string[]): string[] {
  return cidrs.map((cidr) => {
    const [address = "", length] = cidr.split("/");
    return `${formatAddress(parseAddress(address)!)}/${length}`;
  });
}

/** The families that occur among CIDRs, IPv4 first. */
export function familiesOf(cidrs: readonly string[]): AddressFamily[] {
  return FAMILIES.filter((family) => cidrs.some((cidr) => parsePrefix(cidr)?.family === family));
}

/** Traffic can only leave for a family that the network itself has. Throws 400. */
export function checkDestinations(prefixes: readonly string[], destinations: readonly string[]): void {
  const own = familiesOf(prefixes);
  for (const family of familiesOf(destinations))
    if (!own.includes(family))
      throw badRequest(`addressfamily:${family} of destination prefixes is not present in existing prefixes`);
}

/** A super network says how long the child prefixes of each of its families are. Throws 400. */
export function checkChildLengths(cidrs: readonly string[], lengths: ChildLengths): void {
  if (Object.keys(lengths).length === 0)
    throw badRequest("private super network must always contain a defaultchildprefixlength");
  const prefixes = prefixesOf(cidrs);
  for (const family of FAMILIES) {
    const length = lengths[family];
    for (const prefix of prefixes.filter((prefix) => prefix.family === family)) {
      if (length === undefined)
        throw badRequest(
          `private super network must always contain a defaultchildprefixlength per addressfamily:${family}`,
        );
      if (length > BITS[family])
        throw badRequest(`given defaultchildprefixlength ${length} is longer than an address of ${family}`);
      if (length <= prefix.length)
        throw badRequest(
          `given defaultchildprefixlength ${length} is not greater than prefix length of:${cidrs[prefixes.indexOf(prefix)]}`,
        );
    }
  }
}

/** What is wrong with CIDRs that tenants may announce from inside, of a super network; undefined when nothing is. */
export function announcableProblem(cidrs: readonly string[], isSuper: boolean): string | undefined {
  if (cidrs.length > 0 && !isSuper) return "additionalannouncablecidrs can only be set in a private super network";
  const wrong = cidrs.find((cidr) => !parsePrefix(cidr));
  return wrong === undefined ? undefined : `given cidr:"${wrong}" in additionalannouncablecidrs is malformed`;
}

/** What a request for a child network wants of the super network's families. Throws 400. */
export function wantedChildLengths(
  defaults: ChildLengths,
  wanted: Readonly<Record<string, number>> | undefined,
  family: string | undefined,
): ChildLengths {
  const lengths: ChildLengths = { ...defaults, ...childLengthsOf(wanted ?? {}, "length") };
  if (family === undefined || family === "") return lengths;
  const only = familyOf(family);
  if (!only) throw badRequest(`addressfamily is invalid: given addressfamily:"${family}" is invalid`);
  const length = lengths[only];
  if (length === undefined)
    throw badRequest(`addressfamily ${only} specified, but no childprefixlength for this addressfamily`);
  return { [only]: length };
}

/** Two networks of one kind in a partition would leave it open which one is meant. Throws as the original: 400, 422. */
export function checkOnlyOneInPartition(
  network: Pick<NetworkKind, "private_super" | "underlay">,
  partitionId: string,
  others: readonly Pick<NetworkKind, "private_super" | "underlay">[],
): void {
  if (network.private_super && others.some((other) => other.private_super))
    throw badRequest(`partition with id "${partitionId}" already has a private super network`);
  if (network.underlay && others.some((other) => other.underlay))
    throw unprocessable(`partition with id "${partitionId}" already has an underlay network`);
}
