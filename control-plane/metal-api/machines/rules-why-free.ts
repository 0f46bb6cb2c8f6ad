// States of a machine that nobody has: from its first boot to its place in the pool. Pure.
import { BOOT_DEADLINE_MS } from "../release/rules.ts";
import {
  ATTENTION_MS,
  SILENCE_MS,
  NOBODY,
  POOL,
  after,
  ctl,
  look,
  bootFrom,
  checkBmc,
  checkBoot,
  because,
  type State,
} from "./rules-why-answer.ts";
import { rescue } from "./rules-why-rescue.ts";
import { bmcSilence, errorText, heardAt, isSilent, newestEvent, newestEventAt, newestIs } from "./rules-why-facts.ts";

export const FREE: readonly State[] = [
  {
    name: "reclaim-failed",
    applies: ({ container }) => container?.failedMachineReclaim === true,
    answer: (facts) => ({
      doing: "nobody's, but the system of its last tenant still runs and phones home",
      since: heardAt(facts),
      deadline: after(heardAt(facts), ATTENTION_MS),
      next: NOBODY,
      actions: [bootFrom(facts, "pxe"), checkBmc],
    }),
  },
  {
    name: "never-booted",
    applies: (facts) => !facts.registered && newestEvent(facts) === undefined,
    answer: (facts, now) => ({
      doing: `known only by its ${facts.bmc.address === "" ? "id" : "BMC"}: it never booted the discovery image${because(bmcSilence(facts, now) ?? "")}`,
      since: facts.created,
      deadline: after(facts.created, ATTENTION_MS),
      next: "nothing by itself; once it boots from the network it registers and is erased",
      actions: [bootFrom(facts, "pxe"), checkBoot],
    }),
  },
  {
    name: "crash-loop",
    applies: (facts) => facts.container?.crashLoop === true && !newestIs("Waiting")(facts),
    answer: (facts) => ({
      doing: `in a crash loop: it starts again and again and gets no further than ${newestEvent(facts)?.event ?? "its start"}${because(errorText(facts))}`,
      since: facts.container!.lastErrorEvent?.time ?? newestEventAt(facts),
      deadline: after(facts.container!.lastErrorEvent?.time ?? newestEventAt(facts), ATTENTION_MS),
      next: "it goes on trying; it is well again when it waits for an allocation",
      actions: [look(facts), "check its disks, memory and cables", bootFrom(facts, "pxe")],
    }),
  },
  {
    name: "dead",
    applies: isSilent,
    answer: (facts, now) => ({
      doing: `nobody's, and silent: switched off, or stuck (last event: ${newestEvent(facts)?.event ?? "none"})`,
      since: heardAt(facts),
      ...rescue(
        facts,
        now,
        `if it boots from the network it ${facts.disks.state === "erased" ? "waits again" : "is erased"}`,
      ),
      actions: [bootFrom(facts, "pxe"), ...(bmcSilence(facts, now) ? [checkBmc] : []), look(facts)],
    }),
  },
  {
    name: "booting",
    applies: newestIs("PXE Booting", "Planned Reboot", "Machine Reclaim"),
    answer: (facts) => ({
      doing: `booting the discovery image (${newestEvent(facts)!.event})`,
      since: newestEventAt(facts),
      deadline: after(newestEventAt(facts), BOOT_DEADLINE_MS),
      next: "its hammer gets a certificate and registers it",
      actions: [look(facts), `if that goes on, ${checkBoot}`],
    }),
  },
  {
    name: "registering",
    applies: newestIs("Preparing", "Registering"),
    answer: (facts) => ({
      doing: `registering: its hammer tells what it is made of and what it is plugged into (${newestEvent(facts)!.event})`,
      since: newestEventAt(facts),
      deadline: after(newestEventAt(facts), BOOT_DEADLINE_MS),
      next: facts.disks.state === "erased" ? POOL : `it is erased, ${POOL}`,
      actions: [
        look(facts),
        "if that goes on, check that it is plugged into two leaves of one rack and that both send LLDP",
      ],
    }),
  },
  {
    name: "unproven",
    applies: ({ disks }) => disks.state !== "erased",
    answer: (facts) => ({
      doing: `not proven erased yet${because(facts.disks.reason)}`,
      since: facts.disks.since,
      deadline: after(heardAt(facts), SILENCE_MS),
      next: `its hammer erases it, ${POOL}`,
      actions: [look(facts), bootFrom(facts, "pxe")],
    }),
  },
  {
    name: "not-waiting",
    applies: ({ waitingUntil }, now) => waitingUntil === null || waitingUntil <= now,
    answer: (facts) => ({
      doing: `erased and alive, but its hammer does not ask for instructions (last event: ${newestEvent(facts)?.event ?? "none"})`,
      since: newestEventAt(facts),
      deadline: after(heardAt(facts), SILENCE_MS),
      next: "it waits for an allocation as soon as its hammer is connected",
      actions: [look(facts), bootFrom(facts, "pxe")],
    }),
  },
  {
    name: "kept",
    applies: ({ state }) => state.value !== "",
    answer: (facts) => {
      const locked = facts.state.value === "LOCKED";
      const { description, issuer } = facts.state;
      return {
        doing: `waiting, but ${locked ? "locked" : "reserved"}${issuer && ` by ${issuer}`}: ${description}`,
        since: facts.disks.since,
        deadline: after(heardAt(facts), SILENCE_MS),
        next: locked ? NOBODY : "nobody gets it unless it is asked for by its id",
        actions: [`let it go: ${ctl(facts, locked ? "lock" : "reserve", " --remove")}`],
      };
    },
  },
  {
    name: "reserved-for-projects",
    applies: ({ reservedFor }) => reservedFor !== null,
    answer: (facts) => ({
      doing: `waiting for an allocation by a project with a reservation of its size: ${facts.reservedFor}`,
      since: facts.disks.since,
      deadline: after(heardAt(facts), SILENCE_MS),
      next: "these projects may get it; others are refused until more machines wait than are reserved",
      actions: [
        "see who has reserved how many and used how many: metalctl size reservation usage",
        "reserve less, or add machines of its size",
      ],
    }),
  },
  {
    name: "waiting",
    applies: () => true,
    answer: (facts) => ({
      doing: "waiting for an allocation",
      since: facts.disks.since,
      deadline: after(heardAt(facts), SILENCE_MS),
      next: "whoever asks for a machine of its size may get it; until then it tells every minute that it lives",
      actions: [`allocate it: metalctl machine create --id ${facts.id} …`],
    }),
  },
];
