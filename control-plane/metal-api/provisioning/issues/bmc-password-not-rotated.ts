import { age, type IssueRule } from "./issue.ts";

/** One try may fail because a BMC is slow; two in a row need a look. */
const TOO_MANY_ATTEMPTS = 2;

export const bmcPasswordNotRotated: IssueRule = {
  id: "bmc-password-not-rotated",
  severity: "minor",
  description: "the password of the BMC should have been changed and was not",
  find: ({ bmc: { rotation } }, { now }) => {
    if (!rotation || rotation.attempts < TOO_MANY_ATTEMPTS) return undefined;
    const error = rotation.lastError === "" ? "" : `, last error: ${rotation.lastError}`;
    return `${rotation.reason}; tried ${rotation.attempts} times in ${age(rotation.since, now)}${error}`;
  },
};
