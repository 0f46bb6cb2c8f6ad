import { age, type IssueRule } from "./issue.ts";

export const lastEventError: IssueRule = {
  id: "last-event-error",
  severity: "minor",
  description: "the machine had an error during the provisioning lifecycle",
  find: ({ container }, { now, lastErrorThresholdMs }) => {
    const error = container?.lastErrorEvent;
    if (!error || now.getTime() - error.time.getTime() >= lastErrorThresholdMs) return undefined;
    return `occurred ${age(error.time, now)} ago`;
  },
};
