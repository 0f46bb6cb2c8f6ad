import type { IssueRule } from "./issue.ts";

export const bmcNoDistinctIp: IssueRule = {
  id: "bmc-no-distinct-ip",
  severity: "major",
  description: "BMC IP address is not distinct",
  find: ({ id, bmc }, { machinesByBmcAddress }) => {
    if (bmc.address === "") return undefined;
    const others = (machinesByBmcAddress.get(bmc.address) ?? []).filter((other) => other !== id);
    return others.length === 0 ? undefined : `BMC IP (${bmc.address}) not unique, shared with [${others.join(" ")}]`;
  },
};
