/** What a machine can say of its own provisioning; the strings are the wire contract (reference/machine-lifecycle.md 4.4). */
export const PROVISIONING_EVENTS = [
  "PXE Booting",
  "Preparing",
  "Registering",
  "Waiting",
  "Installing",
  "Booting New Kernel",
  "Phoned Home",
  "Alive",
  "Crashed",
  "Planned Reboot",
  "Machine Reclaim",
] as const;

export type EventType = (typeof PROVISIONING_EVENTS)[number];

export function isEventType(text: string): text is EventType {
  return (PROVISIONING_EVENTS as readonly string[]).includes(text);
}

/** One line of a machine's log. The time is the server's: clocks of machines are not trusted. */
export interface ProvisioningEvent {
  readonly time: Date;
  readonly event: EventType;
  readonly message: string;
}

/** A machine's log and what it amounts to. */
export interface EventContainer {
  /** Newest first, at most {@link EVENTS_KEPT}. */
  readonly events: readonly ProvisioningEvent[];
  readonly lastEventTime: Date | null;
  readonly lastErrorEvent: ProvisioningEvent | null;
  readonly crashLoop: boolean;
  readonly failedMachineReclaim: boolean;
}

/** As many as the original keeps for each machine. */
export const EVENTS_KEPT = 100;

/** Of a machine that never said anything. */
export const EMPTY_CONTAINER: EventContainer = {
  events: [],
  lastEventTime: null,
  lastErrorEvent: null,
  crashLoop: false,
  failedMachineReclaim: false,
};
