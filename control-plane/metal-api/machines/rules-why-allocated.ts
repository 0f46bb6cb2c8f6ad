// States of a machine that somebody has, from the installation on. Pure.
import { BEFORE_ITS_BOOT } from "../reinstall/rules.ts";
import { BOOT_DEADLINE_MS } from "../release/rules.ts";
import {
  MINUTE_MS,
  ATTENTION_MS,
  SILENCE_MS,
  after,
  ctl,
  free,
  look,
  bootFrom,
  because,
  type State,
} from "./rules-why-answer.ts";
import { rescue } from "./rules-why-rescue.ts";
import {
  commandTrouble,
  errorText,
  heardAt,
  isSilent,
  newestEvent,
  newestEventAt,
  newestIs,
  type WhyFacts,
} from "./rules-why-facts.ts";

/** The hammer gives up an installation after 30 minutes and starts over; the rest is its boot. */
const INSTALL_MS = 30 * MINUTE_MS + BOOT_DEADLINE_MS;
/** From kexec to the first LLDP frame of the tenant's system; slow firmware is not in the way. */
const PHONE_HOME_MS = 10 * MINUTE_MS;

const toInstall = ({ allocation }: WhyFacts): boolean =>
  allocation !== null && (allocation.installed === null || allocation.reinstall);

function leavesBehind({ switches }: WhyFacts): string {
  const behind = switches.filter((leaf) => leaf.behind).map((leaf) => leaf.id);
  return behind.length === 0
    ? ""
    : `; switch ${behind.join(" and ")} has not put its port into the tenant's network yet`;
}

const INSTALLED = "if it boots from the network it is installed";

export const ALLOCATED: readonly State[] = [
  {
    name: "reinstall-unanswered",
    applies: (facts, now) =>
      facts.allocation?.reinstall === true &&
      newestIs("PXE Booting")(facts) &&
      after(newestEventAt(facts), BOOT_DEADLINE_MS) < now &&
      !isSilent(facts),
    answer: (facts) => ({
      doing:
        `to be reinstalled with ${facts.allocation!.imageId} for project ${facts.allocation!.projectId}, ` +
        `but nobody answered when it booted from the network: it runs its old system`,
      since: newestEventAt(facts),
      deadline: after(heardAt(facts), BOOT_DEADLINE_MS),
      next: "its BMC boots it from the network again",
      actions: [bootFrom(facts, "pxe"), look(facts), free(facts)],
    }),
  },
  {
    name: "install-failed",
    applies: (facts) => toInstall(facts) && (facts.container?.crashLoop === true || newestIs("Crashed")(facts)),
    answer: (facts, now) => ({
      doing: `allocated to project ${facts.allocation!.projectId}, but its installation fails${because(errorText(facts) || (newestEvent(facts)?.message ?? ""))}`,
      since: facts.container?.lastErrorEvent?.time ?? newestEventAt(facts),
      deadline: after(newestEventAt(facts), INSTALL_MS),
      next: "the machine restarts by itself and installs again",
      ...(isSilent(facts) && rescue(facts, now, INSTALLED)),
      actions: [look(facts), `check that the URL of image ${facts.allocation!.imageId} works`, free(facts)],
    }),
  },
  {
    name: "reinstall-next",
    applies: (facts) => facts.allocation?.reinstall === true && newestIs(...BEFORE_ITS_BOOT)(facts),
    answer: (facts) => ({
      doing:
        `to be reinstalled with ${facts.allocation!.imageId} for project ${facts.allocation!.projectId}, ` +
        `has not booted yet${because(commandTrouble(facts) ?? "")}`,
      since: newestEventAt(facts),
      deadline: after(newestEventAt(facts), BOOT_DEADLINE_MS),
      next: "its BMC boots it from the network, once more ten minutes after each time it did not come",
      actions: [bootFrom(facts, "pxe"), look(facts), free(facts)],
    }),
  },
  {
    name: "install-silent",
    applies: (facts) => toInstall(facts) && isSilent(facts),
    answer: (facts, now) => ({
      doing: `allocated to project ${facts.allocation!.projectId}, to be installed with ${facts.allocation!.imageId}, but silent`,
      since: heardAt(facts),
      ...rescue(facts, now, INSTALLED),
      actions: [bootFrom(facts, "pxe"), look(facts), free(facts)],
    }),
  },
  {
    name: "installing",
    applies: (facts) => toInstall(facts) && newestIs("Installing", "Booting New Kernel")(facts),
    answer: (facts) => ({
      doing: `being installed with ${facts.allocation!.imageId} for project ${facts.allocation!.projectId}`,
      since: newestEventAt(facts),
      deadline: after(newestEventAt(facts), INSTALL_MS),
      next: "it starts the operating system; if it fails it restarts and installs again",
      actions: [look(facts), free(facts)],
    }),
  },
  {
    name: "install-next",
    applies: toInstall,
    answer: (facts) => ({
      doing: `allocated to project ${facts.allocation!.projectId}, about to be installed with ${facts.allocation!.imageId}`,
      since: facts.allocation!.created,
      deadline: after(heardAt(facts), SILENCE_MS),
      next: `its hammer installs it (last event: ${newestEvent(facts)?.event ?? "none"})`,
      actions: [look(facts), bootFrom(facts, "pxe"), free(facts)],
    }),
  },
  {
    name: "never-phoned-home",
    applies: ({ allocation }, now) =>
      allocation !== null && !allocation.succeeded && after(allocation.installed!, PHONE_HOME_MS) < now,
    answer: (facts) => ({
      doing: `installed for project ${facts.allocation!.projectId}, but no switch has heard its operating system${leavesBehind(facts)}`,
      since: facts.allocation!.installed!,
      deadline: after(facts.allocation!.installed!, ATTENTION_MS),
      next: "nothing by itself; it counts as started as soon as a switch hears it",
      actions: ["look at its console: does it boot, and does lldpd run in it", bootFrom(facts, "disk"), free(facts)],
    }),
  },
  {
    name: "starting",
    applies: ({ allocation }) => allocation !== null && !allocation.succeeded,
    answer: (facts) => ({
      doing: `installed, starting the operating system of project ${facts.allocation!.projectId}${leavesBehind(facts)}`,
      since: facts.allocation!.installed!,
      deadline: after(facts.allocation!.installed!, PHONE_HOME_MS),
      next: "the switches hear it (phoned home) within a minute of its start",
      actions: [look(facts)],
    }),
  },
  {
    name: "in-use-crashing",
    applies: ({ allocation, container }) => allocation !== null && container?.crashLoop === true,
    answer: (facts) => ({
      doing: `in use by project ${facts.allocation!.projectId}, but it restarts out of turn${because(errorText(facts))}`,
      since: facts.container!.lastErrorEvent?.time ?? newestEventAt(facts),
      deadline: after(heardAt(facts), ATTENTION_MS),
      next: "nothing by itself; it is well again when it phones home after a planned restart",
      actions: [look(facts), bootFrom(facts, "disk"), free(facts)],
    }),
  },
  {
    name: "in-use-silent",
    applies: (facts) => facts.allocation !== null && isSilent(facts),
    answer: (facts) => ({
      doing: `in use by project ${facts.allocation!.projectId}, but the switches no longer hear it`,
      since: heardAt(facts),
      deadline: after(heardAt(facts), ATTENTION_MS),
      next: "nothing by itself: its tenant may have switched it off, or stopped lldpd",
      actions: ["ask its tenant, look at its console and its cables", `power-cycle it: ${ctl(facts, "power cycle")}`],
    }),
  },
  {
    name: "in-use",
    applies: ({ allocation }) => allocation !== null,
    answer: (facts) => ({
      doing: `in use by project ${facts.allocation!.projectId}`,
      since: facts.allocation!.installed!,
      deadline: after(heardAt(facts), SILENCE_MS),
      next: "its switches hear it every minute, until its tenant gives it back",
      actions: [free(facts)],
    }),
  },
];
