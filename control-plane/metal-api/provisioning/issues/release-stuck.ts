import { age, type IssueRule } from "./issue.ts";

/** A release that needed this many resets will hardly end by itself. */
const TOO_MANY_ATTEMPTS = 3;

export const releaseStuck: IssueRule = {
  id: "release-stuck",
  severity: "major",
  description: "the release of the machine does not come to its end",
  find: ({ release }, { now }) => {
    if (!release || release.attempts < TOO_MANY_ATTEMPTS) return undefined;
    const error = release.lastError === "" ? "" : `, last error: ${release.lastError}`;
    return `in phase ${release.phase} after ${release.attempts} attempts, begun ${age(release.created, now)} ago${error}`;
  },
};
