// One answer to "what is this machine doing, and what can I do?": its state from a table, what ails it besides, and the
// facts that this is concluded from. Pure.
import {
  bmcSilence,
  commandTrouble,
  type BmcCommandFact,
  errorText,
  newestEvent,
  rotationTrouble,
  type WhyFacts,
} from "./rules-why-facts.ts";
import { type Answer, because } from "./rules-why-answer.ts";
import { STATES } from "./rules-why-states.ts";

export interface Why extends Answer {
  readonly state: string;
  readonly also: readonly string[];
  readonly facts: Readonly<Record<string, string>>;
}

export function why(facts: WhyFacts, now: Date): Why {
  const { name, answer } = STATES.find(({ applies }) => applies(facts, now))!;
  const { since, deadline, ...rest } = answer(facts, now);
  return {
    state: name,
    ...rest,
    since,
    deadline: deadline < since ? since : deadline,
    also: AILMENTS.flatMap(([toldBy, find]) => (toldBy.includes(name) ? [] : (find(facts, now) ?? []))),
    facts: factsOf(facts, now),
  };
}

type Ailment = readonly [toldBy: readonly string[], find: (facts: WhyFacts, now: Date) => string | undefined];

/** What an operator should know whatever the machine is doing, but for the states whose answer tells it already. */
const AILMENTS: readonly Ailment[] = [
  [["release-bmc"], commandTrouble],
  [["never-booted", "release-without-bmc"], bmcSilence],
  [[], rotationTrouble],
  [
    ["crash-loop", "install-failed", "in-use-crashing"],
    (facts) => (facts.container?.crashLoop ? `it crashed before${because(errorText(facts))}` : undefined),
  ],
  [[], switchErrors],
  [["kept"], keptBy],
  [[], ({ disks }) => (disks.state === "erased" && disks.reason !== "" ? disks.reason : undefined)],
];

/** An operator's word counts in every state; what it keeps from happening differs. */
function keptBy({ state: { value, description, issuer } }: WhyFacts): string | undefined {
  if (value === "") return undefined;
  return `${value === "LOCKED" ? "locked" : "reserved"}${issuer && ` by ${issuer}`}: ${description}`;
}

function switchErrors({ switches }: WhyFacts): string | undefined {
  const errors = switches.flatMap(({ id, lastError }) => (lastError === "" ? [] : [`switch ${id}: ${lastError}`]));
  return errors.length > 0 ? errors.join(", ") : undefined;
}

/** Short texts that tell where the answer comes from. */
function factsOf(facts: WhyFacts, now: Date): Record<string, string> {
  const { container, disks, waitingUntil, switches, commands, release } = facts;
  const last = newestEvent(facts);
  const [command] = commands;
  return {
    disks: `${disks.state}${disks.reason === "" ? "" : ` (${disks.reason})`} since ${disks.since.toISOString()}`,
    liveliness: facts.liveliness || "never heard",
    waiting: waitingUntil && waitingUntil > now ? `until ${waitingUntil.toISOString()} at least` : "no",
    ...(last && { "last event": `${last.event} at ${last.time.toISOString()}${last.message && `: ${last.message}`}` }),
    ...(container?.crashLoop && { "crash loop": container.lastErrorEvent?.message || "yes" }),
    ...(container?.failedMachineReclaim && { "failed reclaim": "it phones home although nobody has it" }),
    ...(release && { release: `${release.phase}, attempt ${release.attempts}` }),
    ...(facts.state.value !== "" && { state: `${facts.state.value}: ${facts.state.description}` }),
    switches: switches.length === 0 ? "not connected to any" : switches.map(switchText).join(", "),
    ...(command && { "last BMC command": commandText(command) }),
  };
}

function switchText({ id, behind, lastError }: WhyFacts["switches"][number]): string {
  const state = behind ? "has not applied the newest configuration" : "in sync";
  return `${id} ${state}${lastError === "" ? "" : ` (${lastError})`}`;
}

function commandText({ command, sent, done, error }: BmcCommandFact): string {
  if (error) return `${command} failed: ${error}`;
  if (done) return `${command} done at ${done.toISOString()}`;
  return sent ? `${command} sent, not yet answered` : `${command} waits for metal-bmc`;
}
