import type { IssueRule } from "./issue.ts";

export const asnNotUnique: IssueRule = {
  id: "asn-not-unique",
  severity: "minor",
  description: "The ASN is not unique (only impact on firewalls)",
  find: ({ id, allocation }, { firewallsByAsn }) => {
    if (allocation?.role !== "firewall") return undefined;
    const lines = [...new Set(allocation.asns)]
      .sort((a, b) => a - b)
      .flatMap((asn) => {
        const others = (firewallsByAsn.get(asn) ?? []).filter((other) => other !== id);
        return others.length === 0 ? [] : [`- ASN (${asn}) not unique, shared with [${others.join(" ")}]`];
      });
    return lines.length === 0 ? undefined : lines.join("\n");
  },
};
