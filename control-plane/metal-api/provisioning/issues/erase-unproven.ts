import type { IssueRule } from "./issue.ts";

/** An operator may let a quarantined machine go, and old data bases may be imported: somebody should know. */
export const eraseUnproven: IssueRule = {
  id: "erase-unproven",
  severity: "minor",
  description: "the machine is offered although no accepted erase record exists",
  find: ({ disks, eraseProven, disksReason }) => (disks === "erased" && !eraseProven ? disksReason : undefined),
};
