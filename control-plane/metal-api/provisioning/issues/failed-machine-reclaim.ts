import type { IssueRule } from "./issue.ts";

/** Either the state machine noticed it, or nobody owns a machine whose operating system still runs. */
export const failedMachineReclaim: IssueRule = {
  id: "failed-machine-reclaim",
  severity: "critical",
  description: "machine phones home but not allocated",
  find: ({ container, allocation }) =>
    container?.failedMachineReclaim || (!allocation && container?.events[0]?.event === "Phoned Home") ? "" : undefined,
};
