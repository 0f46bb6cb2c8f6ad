import type { IssueRule } from "./issue.ts";

export const livelinessNotAvailable: IssueRule = {
  id: "liveliness-not-available",
  severity: "minor",
  description: "the machine liveliness is not available",
  find: (machine) => (machine.liveliness === "" ? "" : undefined),
};
