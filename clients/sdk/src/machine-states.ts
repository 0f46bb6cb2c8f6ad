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

/**
 * Whether nobody has it.
 * @example
 * ```ts
 * import { isUnallocated } from "@metal-stack/sdk";
 * import { client } from "./client.ts";
 *
 * const free = (await client.machine.list()).filter(isUnallocated);
 * console.log(free.length); // → 3
 * ```
 */
export const isUnallocated = (machine: MachineResponse): machine is UnallocatedMachine => !machine.allocation;

/**
 * Whether it can be had just now. Its last word may be that it waits, and the API knows reasons against it all the same:
 * that it is locked, silent, or just asks again. That it is reserved is none: who names the machine gets it.
 * @example
 * ```ts
 * import { isWaiting } from "@metal-stack/sdk";
 * import { client } from "./client.ts";
 *
 * const waiting = (await client.machine.find({ partition_id: "sim" })).find(isWaiting);
 * // What machine.allocateSpecific takes, and nothing else.
 * console.log(waiting?.events.log[0].event); // → Waiting
 * ```
 */
export const isWaiting = (machine: MachineResponse): machine is WaitingMachine =>
  isUnallocated(machine) &&
  machine.events.log[0]?.event === WAITING &&
  machine.liveliness === "Alive" &&
  machine.state.value !== "LOCKED" &&
  (machine.reasons ?? []).length <= (machine.state.value === "RESERVED" ? 1 : 0);

/**
 * Whether nobody has it, and nobody can have it just now.
 * @example
 * ```ts
 * import { isPreparing } from "@metal-stack/sdk";
 * import { client } from "./client.ts";
 *
 * for (const machine of (await client.machine.list()).filter(isPreparing))
 *   console.log((await client.machine.why(machine.id)).doing);
 * ```
 */
export const isPreparing = (machine: MachineResponse): machine is PreparingMachine =>
  isUnallocated(machine) && !isWaiting(machine);

/**
 * Whether nobody has it, and it was not heard for five minutes: only then does the API forget it.
 * @example
 * ```ts
 * import { isSilent } from "@metal-stack/sdk";
 * import { client } from "./client.ts";
 *
 * for (const machine of (await client.machine.list()).filter(isSilent)) await client.machine.delete(machine);
 * ```
 */
export const isSilent = (machine: MachineResponse): machine is SilentMachine =>
  isPreparing(machine) && machine.liveliness !== "Alive";

/**
 * Whether a tenant has it.
 * @example
 * ```ts
 * import { isAllocated } from "@metal-stack/sdk";
 * import { client } from "./client.ts";
 *
 * for (const machine of (await client.machine.list()).filter(isAllocated))
 *   console.log(machine.allocation.project, machine.allocation.hostname);
 * ```
 */
export const isAllocated = (machine: MachineResponse): machine is AllocatedMachine => Boolean(machine.allocation);

/**
 * Whether a tenant has it, and its operating system does not run yet.
 * @example
 * ```ts
 * import { isInstalling } from "@metal-stack/sdk";
 * import { client } from "./client.ts";
 *
 * for (const machine of (await client.machine.list()).filter(isInstalling))
 *   await client.machine.waitFor(machine, "installed");
 * ```
 */
export const isInstalling = (machine: MachineResponse): machine is InstallingMachine =>
  isAllocated(machine) && !machine.allocation.succeeded;

/**
 * Whether a tenant has it, and its operating system ran.
 * @example
 * ```ts
 * import { isInstalled } from "@metal-stack/sdk";
 * import { client } from "./client.ts";
 *
 * for (const { allocation } of (await client.machine.find({ allocation_project: "project-b" })).filter(isInstalled))
 *   console.log(allocation.networks.flatMap(({ ips }) => ips));
 * ```
 */
export const isInstalled = (machine: MachineResponse): machine is InstalledMachine =>
  isAllocated(machine) && machine.allocation.succeeded;

/**
 * The state of a machine, and the machine as one of that state.
 * @example
 * ```ts
 * import { stateOf } from "@metal-stack/sdk";
 * import { client } from "./client.ts";
 *
 * for (const seen of (await client.machine.list()).map(stateOf))
 *   if (seen.state === "installed") console.log(seen.machine.allocation.hostname);
 *   else console.log(seen.machine.id, seen.state); // → waiting
 * ```
 */
export function stateOf(machine: MachineResponse): MachineInState {
  if (isInstalled(machine)) return { state: "installed", machine };
  if (isInstalling(machine)) return { state: "installing", machine };
  if (isWaiting(machine)) return { state: "waiting", machine };
  return { state: "preparing", machine: machine as PreparingMachine };
}
