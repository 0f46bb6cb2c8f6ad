// Waiting for a machine to reach a state, and telling what it does on the way.
import { MetalError, NetworkError, TimeoutError } from "./errors.ts";
import type { MachineProvisioningEvent, MachineResponse } from "./gen/types.ts";
import {
  type AllocatedMachine,
  isAllocated,
  isInstalled,
  isInstalling,
  isPreparing,
  isSilent,
  isUnallocated,
  isWaiting,
  type MachineStates,
  type SilentMachine,
  type UnallocatedMachine,
} from "./machine-states.ts";
import { sleep } from "./request.ts";

/** The states that can be waited for. */
export interface AwaitedStates extends MachineStates {
  readonly allocated: AllocatedMachine;
  readonly unallocated: UnallocatedMachine;
  readonly silent: SilentMachine;
}

const IS: { readonly [S in keyof AwaitedStates]: (machine: MachineResponse) => machine is AwaitedStates[S] } = {
  preparing: isPreparing,
  waiting: isWaiting,
  installing: isInstalling,
  installed: isInstalled,
  allocated: isAllocated,
  unallocated: isUnallocated,
  silent: isSilent,
};

export interface WaitOptions {
  readonly signal?: AbortSignal;
  /** Told of the newest provisioning event at first, then of each new one in order. */
  readonly onStep?: (step: MachineProvisioningEvent, machine: MachineResponse) => void;
  /** Milliseconds between two looks; 2 000 unless said. */
  readonly interval?: number;
  /** Milliseconds; an hour unless said. Disks of servers take their time to be erased. */
  readonly timeout?: number;
}

const INTERVAL_MS = 2_000;
const TIMEOUT_MS = 3_600_000;

/**
 * Looks at a machine until it is in a state. An API that is away for a while is waited for as well.
 * @throws {TimeoutError} that says what the machine did last
 * @throws {MetalError} when the API refuses to show the machine
 * @throws the signal's reason when it is aborted
 */
export async function waitForState<S extends keyof AwaitedStates>(
  look: (options: { signal?: AbortSignal }) => Promise<MachineResponse>,
  state: S,
  { signal, onStep, interval = INTERVAL_MS, timeout = TIMEOUT_MS }: WaitOptions,
): Promise<AwaitedStates[S]> {
  const deadline = Date.now() + timeout;
  let told: MachineProvisioningEvent | undefined;
  for (;;) {
    const machine = await look(signal ? { signal } : {}).catch(passing);
    if (machine) {
      for (const step of newSteps(machine, told)) {
        told = step;
        onStep?.(step, machine);
      }
      if (IS[state](machine)) return machine;
    }
    if (Date.now() + interval > deadline) {
      const last = told ? `the last it told was ${told.event}` : "it told nothing";
      throw new TimeoutError(`the machine is not ${state} after ${timeout / 1000} s: ${last}; ask why()`);
    }
    await sleep(interval, signal);
  }
}

/** Oldest first; the log has the newest first, and not all. */
function newSteps(machine: MachineResponse, told: MachineProvisioningEvent | undefined): MachineProvisioningEvent[] {
  const { log } = machine.events;
  if (!told) return log.slice(0, 1);
  const known = log.findIndex((step) => step.time === told.time && step.event === told.event);
  return log.slice(0, known === -1 ? log.length : known).reverse();
}

/** Undefined for what goes over: the API restarts. */
function passing(error: unknown): undefined {
  const lost = error instanceof NetworkError || error instanceof TimeoutError;
  if (!lost && !(error instanceof MetalError && error.status >= 500)) throw error;
}
