import type { IssueRule } from "./issue.ts";

export const switchSyncFailing: IssueRule = {
  id: "switch-sync-failing",
  severity: "major",
  description: "a leaf switch of the machine fails to apply its configuration",
  find: ({ switches }) => {
    const failing = switches.flatMap(({ id, lastSync, lastSyncError }) =>
      lastSyncError && (!lastSync || lastSyncError.time > lastSync) ? [`${id}: ${lastSyncError.error}`] : [],
    );
    return failing.length === 0 ? undefined : failing.join("\n");
  },
};
