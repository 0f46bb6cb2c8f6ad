import type { IssueRule } from "./issue.ts";

export const bmcWithoutIp: IssueRule = {
  id: "bmc-without-ip",
  severity: "major",
  description: "BMC has no ip address",
  find: (machine) => (machine.bmc.address === "" ? "" : undefined),
};
