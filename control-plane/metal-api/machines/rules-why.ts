// One answer to "what is this machine doing, and what can I do?": composed from everything that is known of it. Pure.
import type { DisksState, ReleasePhase } from "../database/schema.ts";
import type { EventContainer } from "../provisioning/events.ts";
import type { Liveliness } from "../provisioning/rules.ts";
import type { StoredState } from "./rules-state.ts";

export interface WhyFacts {
  readonly id: string;
  readonly state: { readonly value: StoredState; readonly description: string };
  readonly disks: { readonly state: DisksState; readonly reason: string; readonly since: Date };
  readonly waitingUntil: Date | null;
  readonly liveliness: Liveliness;
  readonly container: EventContainer | undefined;
  readonly allocation: {
    readonly projectId: string;
    readonly imageId: string;
    readonly created: Date;
    /** When the hammer reported the installation. */
    readonly installed: Date | null;
    /** It phoned home since. */
    readonly succeeded: boolean;
  } | null;
  readonly release: {
    readonly phase: ReleasePhase;
    readonly reason: string;
    readonly attempts: number;
    readonly lastError: string;
    readonly since: Date;
    readonly deadline: Date | null;
    readonly nextTry: Date | null;
  } | null;
  readonly switches: readonly {
    readonly id: string;
    /** It has not applied the newest wanted state yet. */
    readonly behind: boolean;
    readonly lastError: string;
  }[];
  /** Newest first. */
  readonly commands: readonly {
    readonly command: string;
    readonly sent: Date | null;
    readonly done: Date | null;
    readonly error: string | null;
  }[];
}

export interface Why {
  readonly doing: string;
  readonly since: Date | undefined;
  /** What happens without anybody's help. */
  readonly next: string;
  readonly actions: readonly string[];
  readonly facts: Readonly<Record<string, string>>;
}

type Answer = Omit<Why, "facts">;
type Case = (facts: WhyFacts, now: Date) => Answer | undefined;

const NOTHING = "nothing by itself";
const NEXT_WAIT = "it waits for an allocation when its disks are proven erased";

/** The first that applies is the answer; the last always does. */
const CASES: readonly Case[] = [quarantined, released, installing, starting, inUse, unproven, waiting, notWaiting];

export function why(facts: WhyFacts, now: Date): Why {
  for (const find of CASES) {
    const answer = find(facts, now);
    if (answer) return { ...answer, facts: factsOf(facts, now) };
  }
  throw new Error("the last case applies to every machine");
}

function quarantined({ id, disks }: WhyFacts): Answer | undefined {
  if (disks.state !== "quarantined") return undefined;
  return {
    doing: `quarantined, because its disks could not be proven erased: ${disks.reason}`,
    since: disks.since,
    next: NOTHING,
    actions: [
      `erase again, after replacing a broken disk: POST /v1/machine/${id}/erase {"reason": …}`,
      `let it go without proof: POST /v1/machine/${id}/erase {"override": true, "reason": …}`,
      `see what was tried: GET /v1/machine/${id}/erase-records`,
    ],
  };
}

function released({ id, release }: WhyFacts): Answer | undefined {
  if (!release) return undefined;
  const error = release.lastError === "" ? "" : `; last error: ${release.lastError}`;
  const stuck = release.nextTry === null && release.deadline === null;
  return {
    doing: `being taken back (${release.phase}): ${release.reason}${error}`,
    since: release.since,
    next: releaseNext(release, stuck),
    actions: [
      ...(stuck || release.lastError !== ""
        ? [
            `try again now: POST /v1/machine/${id}/erase {"reason": …}`,
            "power-cycle it by hand; it boots from the network",
          ]
        : []),
      `watch: GET /v1/machine/${id}/jobs`,
    ],
  };
}

function releaseNext(release: NonNullable<WhyFacts["release"]>, stuck: boolean): string {
  if (stuck) return NOTHING;
  if (release.nextTry) return `attempt ${release.attempts + 1} at ${release.nextTry.toISOString()}`;
  return `${NEXT_WAIT}; tried again after ${release.deadline!.toISOString()}`;
}

function installing({ id, allocation, liveliness, container }: WhyFacts): Answer | undefined {
  if (!allocation || allocation.installed) return undefined;
  const silent = liveliness !== "Alive";
  return {
    doing: `allocated to project ${allocation.projectId}, ${silent ? "but silent" : "being installed"} (${allocation.imageId})`,
    since: allocation.created,
    next: "the discovery image installs it and starts the operating system",
    actions: [
      ...(silent || container?.crashLoop
        ? [`boot it again: POST /v1/machine/${id}/power/pxe, then …/power/cycle`, "look at its console"]
        : []),
      `give it back: DELETE /v1/machine/${id}/free`,
    ],
  };
}

function starting({ id, allocation, switches }: WhyFacts): Answer | undefined {
  if (!allocation?.installed || allocation.succeeded) return undefined;
  const behind = switches.filter((leaf) => leaf.behind).map((leaf) => leaf.id);
  return {
    doing: `installed, starting the operating system of project ${allocation.projectId}`,
    since: allocation.installed,
    next:
      behind.length > 0
        ? `switch ${behind.join(" and ")} puts its ports into the tenant's network, then it phones home`
        : "it phones home within a minute of its start",
    actions: ["look at its console", `boot it from its disk: POST /v1/machine/${id}/power/disk, then …/power/cycle`],
  };
}

function inUse({ id, allocation, liveliness, container }: WhyFacts): Answer | undefined {
  if (!allocation) return undefined;
  const silent = liveliness !== "Alive";
  return {
    doing: `in use by project ${allocation.projectId}${silent ? ", but the switches no longer hear it" : ""}`,
    since: silent ? (container?.lastEventTime ?? undefined) : (allocation.installed ?? allocation.created),
    next: NOTHING,
    actions: [
      ...(silent ? ["look at its console and its cables", `power-cycle it: POST /v1/machine/${id}/power/cycle`] : []),
      `give it back: DELETE /v1/machine/${id}/free`,
    ],
  };
}

function unproven({ id, disks, container, liveliness }: WhyFacts): Answer | undefined {
  if (disks.state === "erased") return undefined;
  const seen = container && container.events.length > 0;
  return {
    doing: seen
      ? `not yet proven erased (disks ${disks.state})`
      : "known only by its BMC, it never booted the discovery image",
    since: disks.since,
    next: liveliness === "Alive" ? `its hammer erases it; ${NEXT_WAIT}` : NOTHING,
    actions: [`boot it from the network: POST /v1/machine/${id}/power/pxe, then …/power/cycle`],
  };
}

function waiting({ id, state, waitingUntil, disks, liveliness }: WhyFacts, now: Date): Answer | undefined {
  if (liveliness !== "Alive" || !waitingUntil || waitingUntil <= now) return undefined;
  const kept = state.value === "LOCKED" ? "locked" : "reserved";
  return {
    doing: state.value === "" ? "waiting for an allocation" : `waiting, ${kept} by an operator: ${state.description}`,
    since: disks.since,
    next: state.value === "" ? "whoever asks for a machine of its size may get it" : NOTHING,
    actions: state.value === "" ? [] : [`let it go: POST /v1/machine/${id}/state {"value": ""}`],
  };
}

function notWaiting({ id, container, liveliness }: WhyFacts): Answer {
  const alive = liveliness === "Alive";
  const last = container?.events[0];
  return {
    doing: alive
      ? `booting (last event: ${last?.event ?? "none"})`
      : "erased and free, but silent: switched off, or stuck",
    since: container?.lastEventTime ?? undefined,
    next: alive ? "its hammer registers it and waits" : NOTHING,
    actions: alive
      ? []
      : [`boot it from the network: POST /v1/machine/${id}/power/pxe, then …/power/cycle`, "look at its console"],
  };
}

/** Short texts that tell where the answer comes from. */
function factsOf(facts: WhyFacts, now: Date): Record<string, string> {
  const { container, disks, waitingUntil, switches, commands, release } = facts;
  const last = container?.events[0];
  const [command] = commands;
  return {
    disks: `${disks.state}${disks.reason === "" ? "" : ` (${disks.reason})`} since ${disks.since.toISOString()}`,
    liveliness: facts.liveliness || "never heard",
    waiting: waitingUntil && waitingUntil > now ? `until ${waitingUntil.toISOString()} at least` : "no",
    ...(last && { "last event": `${last.event} at ${last.time.toISOString()}${last.message && `: ${last.message}`}` }),
    ...(container?.crashLoop && { "crash loop": container.lastErrorEvent?.message ?? "yes" }),
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

function commandText({ command, sent, done, error }: WhyFacts["commands"][number]): string {
  if (error) return `${command} failed: ${error}`;
  if (done) return `${command} done at ${done.toISOString()}`;
  return sent ? `${command} sent, not yet answered` : `${command} waits for metal-bmc`;
}
