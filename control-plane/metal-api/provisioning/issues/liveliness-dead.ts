import type { IssueRule } from "./issue.ts";

export const livelinessDead: IssueRule = {
  id: "liveliness-dead",
  severity: "major",
  description: "the machine is not sending events anymore",
  find: (machine) => (machine.liveliness === "Dead" ? "" : undefined),
};
