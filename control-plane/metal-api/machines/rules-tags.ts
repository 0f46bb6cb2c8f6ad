// Tags of an allocated machine: the user's, and those the system computes (reference/machine-lifecycle.md 1.6). Pure.

const ASN_TAG = "machine.metal-stack.io/network.primary.asn";
const RACK_TAG = "machine.metal-stack.io/rack";
const CHASSIS_TAG = "machine.metal-stack.io/chassis";

export interface TagFacts {
  readonly rackId: string;
  readonly chassisSerial: string | undefined;
  readonly networks: readonly { readonly private: boolean; readonly asn: number }[];
}

/**
 * The user's tags and the system's, each once, sorted. Of several `key=value` with one key the last counts, and the
 * system's count most.
 */
export function machineTags(userTags: readonly string[], facts: TagFacts): string[] {
  const plain = userTags.filter((tag) => !tag.includes("="));
  const labels = new Map(userTags.filter((tag) => tag.includes("=")).map(split));
  const asn = facts.networks.find((network) => network.private && network.asn !== 0)?.asn;
  if (asn !== undefined) labels.set(ASN_TAG, String(asn));
  if (facts.rackId !== "") labels.set(RACK_TAG, facts.rackId);
  if (facts.chassisSerial) labels.set(CHASSIS_TAG, facts.chassisSerial);
  return [...new Set([...plain, ...[...labels].map(([key, value]) => `${key}=${value}`)])].sort();
}

function split(tag: string): [string, string] {
  const at = tag.indexOf("=");
  return [tag.slice(0, at), tag.slice(at + 1)];
}

/** The tags of a stored machine with these networks. */
export function tagsOf(
  machine: {
    readonly rack_id: string;
    readonly ipmi: { readonly fru: { readonly chassis_part_serial?: string } } | null;
  },
  userTags: readonly string[],
  networks: TagFacts["networks"],
): string[] {
  return machineTags(userTags, {
    rackId: machine.rack_id,
    chassisSerial: machine.ipmi?.fru.chassis_part_serial,
    networks,
  });
}
