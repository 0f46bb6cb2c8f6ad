// States of a machine on its way from a tenant back to the pool. Pure.
import { ERASE_SILENCE_MS, MAX_ATTEMPTS } from "../release/rules.ts";
import {
  ATTENTION_MS,
  POOL,
  after,
  ctl,
  retry,
  jobs,
  look,
  checkBmc,
  checkBoot,
  because,
  type State,
} from "./rules-why-answer.ts";
import {
  commandTrouble,
  eraseProgress,
  heardAt,
  isSilent,
  newestEvent,
  newestEventAt,
  type WhyFacts,
} from "./rules-why-facts.ts";

const inPhase =
  (...phases: string[]) =>
  ({ release }: WhyFacts) =>
    release !== null && phases.includes(release.phase);
/** The boot server or the hammer spoke since the reset. */
const bootSeen = (facts: WhyFacts): boolean => {
  const last = newestEvent(facts);
  return (
    last !== undefined &&
    last.time >= facts.release!.since &&
    last.event !== "Planned Reboot" &&
    last.event !== "Machine Reclaim"
  );
};
export const RELEASES: readonly State[] = [
  {
    name: "release-without-bmc",
    applies: (facts) => inPhase("reset")(facts) && facts.release!.nextTry !== null,
    answer: (facts) => ({
      doing: `being taken back, but no BMC is known that could reset it`,
      since: facts.release!.since,
      deadline: after(facts.release!.since, ATTENTION_MS),
      next: "it is reset as soon as metal-bmc reports its BMC, and erased as soon as it boots from the network",
      actions: ["power-cycle it by hand, it boots from the network", checkBmc],
    }),
  },
  {
    name: "release-given-up",
    applies: ({ release }) => release !== null && release.nextTry === null && release.deadline === null,
    answer: (facts) => ({
      doing: `given up: ${facts.release!.attempts} of ${MAX_ATTEMPTS} resets did not bring it into the discovery image${because(facts.release!.lastError)}`,
      since: facts.release!.since,
      deadline: after(facts.release!.since, ATTENTION_MS),
      next: "nothing by itself; but if it boots from the network it is erased",
      actions: [checkBoot, checkBmc, retry(facts)],
    }),
  },
  {
    name: "release-paused",
    applies: ({ release }) => release !== null && release.nextTry !== null,
    answer: (facts) => ({
      doing: `being taken back: reset ${facts.release!.attempts} of ${MAX_ATTEMPTS} failed${because(facts.release!.lastError)}`,
      since: facts.release!.since,
      deadline: facts.release!.nextTry!,
      next: `reset ${facts.release!.attempts + 1} at ${facts.release!.nextTry!.toISOString()}`,
      actions: [`try at once: ${ctl(facts, "erase-retry")}`, checkBoot, look(facts)],
    }),
  },
  {
    name: "erase-silent",
    applies: (facts) => inPhase("erase")(facts) && isSilent(facts),
    answer: (facts) => {
      const heard = heardAt(facts) > facts.release!.since ? heardAt(facts) : facts.release!.since;
      return {
        doing: "being erased, but it has fallen silent",
        since: heard,
        deadline: after(heard, ERASE_SILENCE_MS),
        next: "if it stays silent it is reset, and the erase begins again",
        actions: [look(facts), `reset it at once: ${ctl(facts, "erase-retry")}`],
      };
    },
  },
  {
    name: "erasing",
    applies: inPhase("erase"),
    answer: (facts) => ({
      doing: `being erased: ${eraseProgress(facts.release!.progress) || "begins"}${because(facts.release!.lastError)}`,
      since: facts.release!.since,
      deadline: facts.release!.deadline!,
      next: `every disk is read back; ${POOL}, or a disk that failed puts it into quarantine`,
      actions: [jobs(facts)],
    }),
  },
  {
    name: "release-booting",
    applies: (facts) => inPhase("boot")(facts) && bootSeen(facts),
    answer: (facts) => ({
      doing: `being taken back: it boots the discovery image (${newestEvent(facts)!.event})`,
      since: newestEventAt(facts),
      deadline: facts.release!.deadline!,
      next: `it registers and is erased; if not in time it is reset again`,
      actions: [look(facts)],
    }),
  },
  {
    name: "release-bmc",
    applies: (facts) => inPhase("boot")(facts) && commandTrouble(facts) !== undefined,
    answer: (facts) => ({
      doing: `being taken back: ${commandTrouble(facts)!}`,
      since: facts.release!.since,
      deadline: facts.release!.deadline!,
      next: "if it does not boot in time it is reset again",
      actions: [checkBmc, "power-cycle it by hand, it boots from the network", jobs(facts)],
    }),
  },
  {
    name: "release-reset",
    applies: ({ release }) => release !== null,
    answer: (facts) => ({
      doing: `being taken back: reset ${facts.release!.attempts} of ${MAX_ATTEMPTS} is done, it has not asked to boot from the network yet`,
      since: facts.release!.since,
      deadline: facts.release!.deadline!,
      next: "if it does not boot in time it is reset again",
      actions: [`if that goes on, ${checkBoot}`, look(facts)],
    }),
  },
];
