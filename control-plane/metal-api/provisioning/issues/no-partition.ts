import type { IssueRule } from "./issue.ts";

export const noPartition: IssueRule = {
  id: "no-partition",
  severity: "major",
  description: "machine with no partition",
  find: (machine) => (machine.partitionId === "" ? "" : undefined),
};
