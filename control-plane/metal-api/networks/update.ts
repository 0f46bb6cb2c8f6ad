import { json } from "@metal-stack/database";
import { createPrefix, deletePrefix, formatPrefix } from "@metal-stack/ipam";
import type { Tx } from "../database/schema.ts";
import { badRequest, unprocessable } from "../errors.ts";
import { checkUnused } from "./commands.ts";
import { asking } from "./ipam-refusal.ts";
import {
  announcableProblem,
  checkChildLengths,
  checkDestinations,
  type ChildLengths,
  childLengthsOf,
  familiesOf,
  prefixesOf,
  written,
} from "./rules.ts";
import { lockNetwork, type NetworkRow, updateNetworkRow } from "./store.ts";

/** What changes; absent stays. Empty prefix lists stay, too: clients cannot say "none". */
export interface NetworkUpdate {
  readonly id: string;
  readonly name?: string;
  readonly description?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly shared?: boolean;
  readonly prefixes?: readonly string[];
  readonly destinationprefixes?: readonly string[];
  readonly defaultchildprefixlength?: Readonly<Record<string, number>>;
  readonly additionalAnnouncableCIDRs?: readonly string[];
}

/**
 * Changes a network; prefixes that are no longer listed leave the IPAM, new ones enter it. Throws 400, 404, 422.
 * @param force announcable CIDRs may be removed
 * @param check may refuse what is stored (If-Match)
 */
export async function updateNetwork(
  tx: Tx,
  request: NetworkUpdate,
  force: boolean,
  check: (stored: NetworkRow) => void = () => undefined,
): Promise<NetworkRow> {
  const network = await lockNetwork(tx, request.id);
  check(network);
  if (network.shared && request.shared === false)
    throw badRequest("once a network is marked as shared it is not possible to unshare it");
  const lengths = childLengths(network, request);
  const prefixes = nonEmpty(request.prefixes) ?? network.prefixes;
  const destinations = nonEmpty(request.destinationprefixes) ?? network.destination_prefixes;
  const announcable = request.additionalAnnouncableCIDRs ?? network.additional_announcable_cidrs;
  prefixesOf(prefixes, unprocessable);
  prefixesOf(destinations, unprocessable);
  checkDestinations(prefixes, request.destinationprefixes ?? []);
  if (network.private_super) checkChildLengths(prefixes, lengths);
  const families = familiesOf(prefixes);
  for (const [family, length] of Object.entries(lengths))
    if (!families.some((present) => present === family))
      throw unprocessable(`no addressfamily "${family}" present for defaultchildprefixlength: ${length}`);
  const problem = announcableProblem(announcable, network.private_super);
  if (problem !== undefined) throw unprocessable(problem);
  const removed = network.additional_announcable_cidrs.find((cidr) => !announcable.includes(cidr));
  if (removed !== undefined && !force)
    throw badRequest(`you cannot remove "${removed}" from additionalannouncablecidrs without force flag set`);

  await changePrefixes(tx, network.prefixes, prefixes);
  return updateNetworkRow(tx, network.id, {
    name: request.name ?? network.name,
    description: request.description ?? network.description,
    labels: json(request.labels ?? network.labels),
    shared: request.shared ?? network.shared,
    prefixes: written(prefixes),
    destination_prefixes: written(destinations),
    default_child_prefix_length: json(lengths),
    additional_announcable_cidrs: [...announcable],
  });
}

function childLengths(network: NetworkRow, request: NetworkUpdate): ChildLengths {
  const wanted = childLengthsOf(request.defaultchildprefixlength ?? {}, "defaultchildprefixlength", unprocessable);
  if (Object.keys(wanted).length === 0) return network.default_child_prefix_length;
  if (!network.private_super) throw unprocessable("defaultchildprefixlength can only be set on privatesuper");
  return wanted;
}

async function changePrefixes(tx: Tx, before: readonly string[], after: readonly string[]): Promise<void> {
  const old = prefixesOf(before).map(formatPrefix);
  const wanted = prefixesOf(after).map(formatPrefix);
  const removed = old.filter((cidr) => !wanted.includes(cidr));
  await checkUnused(tx, removed, "unable to update network");
  for (const cidr of removed) await asking("unable to update network", () => deletePrefix(tx, cidr));
  for (const cidr of wanted.filter((cidr) => !old.includes(cidr)))
    await asking("unable to create prefix in ipam", () => createPrefix(tx, cidr));
}

function nonEmpty<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list && list.length > 0 ? list : undefined;
}
