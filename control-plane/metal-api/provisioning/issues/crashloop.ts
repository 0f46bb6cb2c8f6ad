import type { IssueRule } from "./issue.ts";

/** A machine that reached Waiting is well, whatever it went through. */
export const crashLoop: IssueRule = {
  id: "crashloop",
  severity: "major",
  description: "machine is in a provisioning crash loop (⭕)",
  find: ({ container }) => (container?.crashLoop && container.events[0]?.event !== "Waiting" ? "" : undefined),
};
