import type { IssueRule } from "./issue.ts";

export const livelinessUnknown: IssueRule = {
  id: "liveliness-unknown",
  severity: "major",
  description: "the machine is not sending LLDP alive messages anymore",
  find: (machine) => (machine.liveliness === "Unknown" ? "" : undefined),
};
