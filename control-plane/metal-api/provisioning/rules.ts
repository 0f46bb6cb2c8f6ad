import { EVENTS_KEPT, type EventContainer, type EventType, type ProvisioningEvent } from "./events.ts";
import { type Cell, stateName, transition } from "./rules-transitions.ts";

/** Phoned Home events may be this late; also the silence after which a machine is not alive (reference 4.5, 4.6). */
const SILENCE_MS = 5 * 60_000;

/** Empty when the machine never said anything. */
export type Liveliness = "Alive" | "Dead" | "Unknown" | "";

/**
 * Whether the machine lives, derived at the moment of reading: Alive when it was heard within 5 minutes, else
 * Unknown for an allocated machine (its tenant may have cut it off) and Dead for an unallocated one (reference 4.6).
 */
export function liveliness(
  container: Pick<EventContainer, "lastEventTime"> | undefined,
  allocated: boolean,
  now: Date,
): Liveliness {
  if (!container?.lastEventTime) return "";
  if (now.getTime() - container.lastEventTime.getTime() <= SILENCE_MS) return "Alive";
  return allocated ? "Unknown" : "Dead";
}

function tooSoon(drop: NonNullable<Cell["drop"]>, last: Date | null, now: Date): boolean {
  if (!last) return drop === "after-reclaim";
  const age = now.getTime() - last.getTime();
  return drop === "after-reclaim" ? age <= SILENCE_MS : age < SILENCE_MS;
}

/**
 * The container after an event. The very same object comes back when the event is dropped; the same `events` array
 * when nothing is appended. A clock that goes backwards (another replica's) never makes time in the log run backwards.
 */
export function step(
  container: EventContainer,
  event: { readonly event: EventType; readonly message: string },
  clock: Date,
): EventContainer {
  const now = container.lastEventTime && container.lastEventTime > clock ? container.lastEventTime : clock;
  const state = container.events[0]?.event ?? "Initial";
  const cell = transition(state, event.event);
  if (cell.drop && tooSoon(cell.drop, container.lastEventTime, now)) return container;

  const unexpected = cell.action === "unexpected" || cell.action === "unexpected-unlisted";
  const entry: ProvisioningEvent = {
    time: now,
    event: event.event,
    message: unexpected ? unexpectedMessage(stateName(state), event.message) : event.message,
  };
  const listed = cell.action === "append" || cell.action === "unexpected";
  return {
    events: listed ? [entry, ...container.events].slice(0, EVENTS_KEPT) : container.events,
    lastEventTime: now,
    lastErrorEvent: unexpected || cell.error ? entry : container.lastErrorEvent,
    crashLoop: cell.crashLoop ?? container.crashLoop,
    failedMachineReclaim: cell.failedMachineReclaim ?? container.failedMachineReclaim,
  };
}

function unexpectedMessage(state: string, message: string): string {
  return `[unexpectedly received in state ${state}]${message === "" ? "" : `: ${message}`}`;
}
