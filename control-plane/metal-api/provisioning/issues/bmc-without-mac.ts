import type { IssueRule } from "./issue.ts";

export const bmcWithoutMac: IssueRule = {
  id: "bmc-without-mac",
  severity: "major",
  description: "BMC has no mac address",
  find: (machine) => (machine.bmc.mac === "" ? "" : undefined),
};
