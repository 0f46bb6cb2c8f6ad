// Boot answers by intent: what a machine should boot, and what its discovery image should do. Pure.
import type { DisksState } from "../database/schema.ts";

/** Waits mean different things; the rest names its job. */
export type InstructionDecision =
  | { readonly kind: "install" }
  | { readonly kind: "reboot"; readonly reason: string }
  | { readonly kind: "erase" }
  | { readonly kind: "wait"; readonly allocatable: boolean; readonly reason: string };

export interface MachineFacts {
  readonly disks: DisksState;
  readonly disksReason: string;
  readonly stateValue: "" | "TAINTED" | "LOCKED";
  readonly stateDescription: string;
  /** metal-bmc has found its BMC. */
  readonly bmcSeen: boolean;
  readonly releaseOpen: boolean;
  /** Null when the machine has no tenant. */
  readonly allocation: { readonly installed: boolean; readonly reinstall: boolean } | null;
}

/** Why such a machine gets no tenant: anybody on the boot network could be it. */
export const NOBODY_VOUCHES =
  "no metal-bmc has found the BMC of this machine, so nobody vouches for it: see to it that metal-bmc knows its BMC";

/** Whether a machine may be in the pool at all. */
export const isVouchedFor = (machine: MachineFacts, bmcRequired: boolean): boolean => machine.bmcSeen || !bmcRequired;

/** What the discovery image of a machine should do now. */
export function decideInstruction(machine: MachineFacts, bmcRequired: boolean): InstructionDecision {
  const { allocation, disks } = machine;
  if (allocation) {
    if (!allocation.installed || allocation.reinstall) return { kind: "install" };
    return { kind: "reboot", reason: "the machine is installed: it boots its own disk" };
  }
  if (disks === "quarantined") return held(`quarantined: ${machine.disksReason}`);
  // "in-use" without a tenant is a release that got lost; nothing vouches for these disks.
  if (machine.releaseOpen || disks !== "erased") return { kind: "erase" };
  if (machine.stateValue !== "") {
    const why = machine.stateDescription === "" ? "" : `: ${machine.stateDescription}`;
    return held(`${machine.stateValue.toLowerCase()}${why}`);
  }
  if (!isVouchedFor(machine, bmcRequired)) return held(NOBODY_VOUCHES);
  return { kind: "wait", allocatable: true, reason: "" };
}

function held(reason: string): InstructionDecision {
  return { kind: "wait", allocatable: false, reason };
}

export type PlanDecision =
  | { readonly kind: "discovery" }
  | { readonly kind: "local disk"; readonly reason: string }
  | { readonly kind: "refuse"; readonly reason: string };

/** UUIDs that mainboards ship with when nobody set one: several machines would be taken for one. */
const PLACEHOLDER_IDS = new Set([
  "00000000-0000-0000-0000-000000000000",
  "ffffffff-ffff-ffff-ffff-ffffffffffff",
  "03000200-0400-0500-0006-000700080009",
  "00020003-0004-0005-0006-000700080009",
]);

/** Whether such an id can name one machine. */
export function isPlaceholderId(machineId: string): boolean {
  return PLACEHOLDER_IDS.has(machineId);
}

/** What a machine that network-boots in `partitionId` should boot. An installed machine is never wiped by a PXE boot. */
export function decidePlan(
  partitionId: string,
  machine: { readonly partitionId: string | null; readonly allocation: MachineFacts["allocation"] },
): PlanDecision {
  if (machine.partitionId !== null && machine.partitionId !== partitionId) {
    return {
      kind: "refuse",
      reason:
        `a machine with this UUID belongs to partition "${machine.partitionId}"; delete it there if it was moved, ` +
        `or give one of the two another UUID`,
    };
  }
  const { allocation } = machine;
  if (allocation?.installed && !allocation.reinstall)
    return { kind: "local disk", reason: "the machine is allocated and installed" };
  return { kind: "discovery" };
}
