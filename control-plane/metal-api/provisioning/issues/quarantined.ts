import type { IssueRule } from "./issue.ts";

export const quarantined: IssueRule = {
  id: "quarantined",
  severity: "major",
  description: "the machine is held back because its disks could not be proven erased",
  find: ({ disks, disksReason }) => (disks === "quarantined" ? disksReason : undefined),
};
