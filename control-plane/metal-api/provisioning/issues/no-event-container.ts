import type { IssueRule } from "./issue.ts";

export const noEventContainer: IssueRule = {
  id: "no-event-container",
  severity: "major",
  description: "machine has no event container",
  find: (machine) => (machine.container ? undefined : ""),
};
