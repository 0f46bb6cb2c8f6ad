import { age, type IssueRule } from "./issue.ts";

/** metal-bmc reports every 5 minutes; missing it four times is no accident. */
const OUTDATED_AFTER_MS = 20 * 60_000;

export const bmcInfoOutdated: IssueRule = {
  id: "bmc-info-outdated",
  severity: "major",
  description: "BMC has not been updated from either metal-hammer or metal-bmc",
  find: ({ bmc }, { now }) => {
    if (!bmc.lastUpdated) return "machine ipmi has never been set";
    if (now.getTime() - bmc.lastUpdated.getTime() <= OUTDATED_AFTER_MS) return undefined;
    return `last updated ${age(bmc.lastUpdated, now)} ago`;
  },
};
