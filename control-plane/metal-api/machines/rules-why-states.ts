// Every state a machine can be in, as an operator wants to hear it: a table, first match counts, the last row always does. Pure.
import { ALLOCATED } from "./rules-why-allocated.ts";
import { ATTENTION_MS, NOBODY, after, ctl, type State } from "./rules-why-answer.ts";
import { FREE } from "./rules-why-free.ts";
import { RELEASES } from "./rules-why-release.ts";

export const STATES: readonly State[] = [
  {
    name: "quarantined",
    applies: ({ disks, allocation }) => disks.state === "quarantined" && allocation === null,
    answer: (facts) => ({
      doing: `quarantined: ${facts.disks.reason || "its disks are not proven erased"}`,
      since: facts.disks.since,
      deadline: after(facts.disks.since, ATTENTION_MS),
      next: NOBODY,
      actions: [
        `see what was tried: ${ctl(facts, "erase-records")}`,
        `erase again, after replacing what is broken: ${ctl(facts, "erase-retry")}`,
        `let it go without proof (admin, on record): ${ctl(facts, "erase-override", " --reason …")}`,
      ],
    }),
  },
  ...RELEASES,
  ...ALLOCATED,
  ...FREE,
];
