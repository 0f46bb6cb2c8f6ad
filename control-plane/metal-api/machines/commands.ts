// What operators and tenants do to a machine; each command is part of one transaction of the caller.
import type { MachineUpdateRequest } from "@metal-stack/api-schema";
import { notify } from "@metal-stack/database";
import { deleteAllocation, updateAllocation } from "../allocation/store.ts";
import { type BmcCommandName, enqueueBmcCommand } from "../bmc/commands.ts";
import type { Tx } from "../database/schema.ts";
import { badRequest, unprocessable } from "../errors.ts";
import { detachIps } from "../ips/commands.ts";
import { releaseNumber } from "../numbers/store.ts";
import { liveliness } from "../provisioning/rules.ts";
import { eventsOf, recordEvent } from "../provisioning/store.ts";
import { startRelease } from "../release/commands.ts";
import { openRelease } from "../release/store.ts";
import { setVrfOfMachine } from "../switches/store.ts";
import { checkedState } from "./rules-state.ts";
import { tagsOf } from "./rules-tags.ts";
import { lockMachine, type MachineRow, updateMachineRow } from "./store.ts";

/** Changes an allocated machine; what is absent or empty stays. Throws 400, 404. */
export async function updateMachine(
  tx: Tx,
  request: MachineUpdateRequest,
  check: (stored: MachineRow) => void = () => undefined,
): Promise<void> {
  const machine = await lockMachine(tx, request.id);
  check(machine);
  const { allocation } = machine;
  if (!allocation) throw badRequest("only allocated machines can be updated");
  await updateAllocation(tx, allocation.uuid, {
    ...(request.description !== undefined && { description: request.description }),
    ...(request.ssh_pub_keys?.length && { ssh_pub_keys: request.ssh_pub_keys }),
  });
  const tags = request.tags?.length ? tagsOf(machine, request.tags, allocation.networks) : machine.tags;
  await updateMachineRow(tx, machine.id, { tags });
  await notify(tx, "machine", machine.id);
}

/** Throws 400, 404. @param issuer e-mail of who sets it */
export async function setState(
  tx: Tx,
  id: string,
  request: { readonly value: string; readonly description: string },
  issuer: string,
): Promise<void> {
  const state = checkedState(request.value, request.description);
  const machine = await lockMachine(tx, id);
  await updateMachineRow(tx, machine.id, {
    state_value: state,
    state_description: request.description,
    state_issuer: state === "" ? "" : issuer,
  });
  await notify(tx, "machine", id);
}

/** Commands after which the machine boots: its log must not take that for a crash. */
const REBOOTING: readonly BmcCommandName[] = ["OFF", "RESET", "CYCLE"];

/** Hands a command to the machine's BMC; it is done when metal-bmc says so. Throws 404, 422 (no partition). */
export async function commandBmc(
  tx: Tx,
  id: string,
  command: BmcCommandName,
  requestedBy: string,
  now: Date,
): Promise<void> {
  const machine = await lockMachine(tx, id);
  if (REBOOTING.includes(command)) await recordEvent(tx, id, "Planned Reboot", command, now);
  await enqueueBmcCommand(tx, { id, partitionId: machine.partition_id }, command, requestedBy);
}

/** Throws 404, 422. */
export async function setLed(
  tx: Tx,
  id: string,
  value: "LED-ON" | "LED-OFF",
  description: string,
  requestedBy: string,
): Promise<void> {
  const machine = await lockMachine(tx, id);
  await updateMachineRow(tx, id, { led_value: value, led_description: description });
  await enqueueBmcCommand(tx, { id, partitionId: machine.partition_id }, value, requestedBy);
}

/**
 * Takes a machine from its tenant: allocation, addresses and ASN are gone at once, the machine itself comes back when its
 * disks are proven erased. Harmless when that is under way already. Throws 404, 422 (locked).
 */
export async function freeMachine(tx: Tx, id: string, requestedBy: string, now: Date): Promise<void> {
  const machine = await lockMachine(tx, id);
  if (machine.state_value === "LOCKED") throw unprocessable("machine is locked");
  const { allocation } = machine;
  if (!allocation && (await openRelease(tx, id))) return;
  if (allocation) {
    await detachIps(tx, id);
    await deleteAllocation(tx, allocation.uuid);
    await releaseNumber(tx, "asn", allocation.asn);
    await updateMachineRow(tx, id, { tags: [] });
  }
  const freed = allocation ? { allocationUuid: allocation.uuid, projectId: allocation.project_id } : {};
  await startRelease(tx, id, { ...freed, requestedBy }, now);
  await recordEvent(tx, id, "Machine Reclaim", "free machine called", now);
  await notify(tx, "machine", id);
}

/**
 * Forgets a machine that is gone, but not how to log in to its BMC: it keeps its password and may come back.
 * Throws 404, 422 (allocated, or heard lately).
 */
export async function deleteMachine(tx: Tx, id: string, now: Date): Promise<MachineRow> {
  const machine = await lockMachine(tx, id);
  if (machine.allocation) throw unprocessable("cannot delete machine that is allocated");
  const container = (await eventsOf(tx, [id], 1)).get(id);
  if (container && liveliness(container, false, now) === "Alive")
    throw unprocessable("can only delete dead machines, if you power off this machine it will reach dead state.");
  await detachIps(tx, id);
  await setVrfOfMachine(tx, id, "");
  await tx.deleteFrom("machines").where("id", "=", id).execute();
  await notify(tx, "machine", id);
  return machine;
}
