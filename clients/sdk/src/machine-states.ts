// What state a machine is in, as types: what can only be done to a waiting or an allocated machine takes nothing else.
// The types say what the answer of the API says, nothing is added to it. The API has the last word all the same: a
// machine that waits in your hands may be somebody else's by now.
import type {
  MachineAllocation,
  MachineProvisioningEvent,
  MachineRecentProvisioningEvents,
  MachineResponse,
} from "./gen/types.ts";

/**
 * What somebody looked at, as a member that only the compiler sees. It is protected: a copy (`{ ...machine }`) is without,
 * because nobody looked at the machine that it becomes, and nobody but the functions below says that a machine has it.
 */
declare abstract class Seen<State extends string> {
  protected readonly seen: { readonly [S in State]: true };
}

/** Nobody has it. */
export type UnallocatedMachine = MachineResponse & { allocation?: never } & Seen<"unallocated">;

/** Nobody has it, and it asks for instructions. */
export type WaitingMachine = UnallocatedMachine &
  Seen<"waiting"> & {
    events: MachineRecentProvisioningEvents & {
      log: [MachineProvisioningEvent & { event: "Waiting" }, ...MachineProvisioningEvent[]];
    };
  };

/** Nobody has it, and it cannot be had just now: it boots, registers, is erased, quarantined, locked or silent. */
export type PreparingMachine = UnallocatedMachine & Seen<"preparing">;

/** Nobody has it, and it was not heard for a while: it may be gone. */
export type SilentMachine = PreparingMachine & Seen<"silent">;

/** A tenant has it, whether it is installed or not. */
export type AllocatedMachine = MachineResponse & { allocation: MachineAllocation } & Seen<"allocated">;

/** A tenant has it, and it has not yet told that its operating system runs. */
export type InstallingMachine = AllocatedMachine & Seen<"installing"> & { allocation: { succeeded: false } };

/** A tenant has it, and its operating system ran. */
export type InstalledMachine = AllocatedMachine & Seen<"installed"> & { allocation: { succeeded: true } };

/** The states that tell every machine apart. */
export interface MachineStates {
  readonly preparing: PreparingMachine;
  readonly waiting: WaitingMachine;
  readonly installing: InstallingMachine;
  readonly installed: InstalledMachine;
}

export type MachineStateName = keyof MachineStates;

/** A machine with its state: a switch over `state` narrows `machine`. */
export type MachineInState = {
  [S in MachineStateName]: { readonly state: S; readonly machine: MachineStates[S] };
}[MachineStateName];

const WAITING = "Waiting";

/** Whether nobody has it. */
export const isUnallocated = (machine: MachineResponse): machine is UnallocatedMachine => !machine.allocation;

/**
 * Whether it can be had just now. Its last word may be that it waits, and the API knows reasons against it all the same:
 * that it is locked, silent, or just asks again. That it is reserved is none: who names the machine gets it.
 */
export const isWaiting = (machine: MachineResponse): machine is WaitingMachine =>
  isUnallocated(machine) &&
  machine.events.log[0]?.event === WAITING &&
  machine.liveliness === "Alive" &&
  machine.state.value !== "LOCKED" &&
  (machine.reasons ?? []).length <= (machine.state.value === "RESERVED" ? 1 : 0);

/** Whether nobody has it, and nobody can have it just now. */
export const isPreparing = (machine: MachineResponse): machine is PreparingMachine =>
  isUnallocated(machine) && !isWaiting(machine);

/** Whether nobody has it, and it was not heard for five minutes: only then does the API forget it. */
export const isSilent = (machine: MachineResponse): machine is SilentMachine =>
  isPreparing(machine) && machine.liveliness !== "Alive";

/** Whether a tenant has it. */
export const isAllocated = (machine: MachineResponse): machine is AllocatedMachine => Boolean(machine.allocation);

/** Whether a tenant has it, and its operating system does not run yet. */
export const isInstalling = (machine: MachineResponse): machine is InstallingMachine =>
  isAllocated(machine) && !machine.allocation.succeeded;

/** Whether a tenant has it, and its operating system ran. */
export const isInstalled = (machine: MachineResponse): machine is InstalledMachine =>
  isAllocated(machine) && machine.allocation.succeeded;

/** The state of a machine, and the machine as one of that state. */
export function stateOf(machine: MachineResponse): MachineInState {
  if (isInstalled(machine)) return { state: "installed", machine };
  if (isInstalling(machine)) return { state: "installing", machine };
  if (isWaiting(machine)) return { state: "waiting", machine };
  return { state: "preparing", machine: machine as PreparingMachine };
}
