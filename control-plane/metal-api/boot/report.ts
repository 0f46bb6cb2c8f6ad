// The end of an installation, good or bad (reference/machine-lifecycle.md 5.4, 8.2).
import { json, notify } from "@metal-stack/database";
import { type BootInfo as ReportedBootInfo, type BootServiceReportRequest } from "@metal-stack/protocol";
import { enqueueBmcCommand } from "../bmc/commands.ts";
import type { BootInfo, MachineNetwork } from "../database/documents.ts";
import type { Db } from "../database/schema.ts";
import { badRequest, notFound, unprocessable } from "../errors.ts";
import { recordEvent } from "../provisioning/store.ts";
import type { Keyring } from "../secrets/keyring.ts";
import { setVrfOfMachine } from "../switches/store.ts";
import { sealConsolePassword } from "./console-password.ts";

const MAX_TEXT = 4096;
const REQUESTED_BY = "metal-hammer";

/**
 * The machine is installed: its boot information is kept, its ports move to the tenant's network, its BMC gets the disk as
 * boot device; all or nothing. A report that says it failed only becomes an event. Repeating it does no harm.
 */
export async function reportInstallation(
  tx: Db,
  keyring: Keyring,
  request: BootServiceReportRequest,
  now: Date,
): Promise<void> {
  const { uuid, consolePassword, bootInfo, success, message } = request;
  const { machine, allocation } = await lockAllocated(tx, uuid);
  if (!success) return void (await recordEvent(tx, uuid, "Crashed", message, now));
  if (!bootInfo) throw badRequest("boot_info is missing");
  // Installed while somebody asked for another image: done with the wrong one.
  if (bootInfo.imageId !== "" && bootInfo.imageId !== allocation.image_id)
    throw unprocessable(
      `machine ${uuid} was given image ${bootInfo.imageId}, but is to be installed with ${allocation.image_id} by now`,
    );
  await tx
    .updateTable("allocations")
    .set({
      console_password: sealConsolePassword(keyring, allocation.uuid, consolePassword.slice(0, MAX_TEXT)),
      boot_info: json(bootInfoOf(bootInfo, allocation.image_id)),
      installed: now,
      reinstall: false,
      old_system_lost: false,
      succeeded: false,
    })
    .where("uuid", "=", allocation.uuid)
    .execute();
  await setVrfOfMachine(tx, uuid, tenantVrf(allocation.role, allocation.networks));
  await enqueueBmcCommand(tx, { id: uuid, partitionId: machine.partition_id }, "DISK", REQUESTED_BY);
  await notify(tx, "machine", uuid);
}

/**
 * A hammer is about to touch a disk. Whatever becomes of it, a later boot of the machine must not take the old system for
 * whole. Throws 422 when another allocation, or none, is to be installed by now.
 */
export async function disksTouched(tx: Db, machineId: string, allocationUuid: string): Promise<void> {
  const { allocation } = await lockAllocated(tx, machineId);
  if (allocation.uuid !== allocationUuid)
    throw unprocessable(`machine ${machineId} is to be installed for allocation ${allocation.uuid} by now`);
  await tx.updateTable("allocations").set({ old_system_lost: true }).where("uuid", "=", allocationUuid).execute();
}

/**
 * A reinstallation failed. While the old system is untouched the machine goes back to it, network included; once a disk was
 * touched, in this boot or an earlier one, nothing changes, and the next boot installs again.
 */
export async function abortReinstall(
  tx: Db,
  machineId: string,
  diskWiped: boolean,
  now: Date,
): Promise<BootInfo | undefined> {
  const { machine, allocation } = await lockAllocated(tx, machineId);
  const { boot_info: bootInfo } = allocation;
  if (diskWiped || allocation.old_system_lost || !bootInfo) return undefined;
  if (!allocation.reinstall) return bootInfo;
  await tx
    .updateTable("allocations")
    .set({ reinstall: false, image_id: bootInfo.image_id })
    .where("uuid", "=", allocation.uuid)
    .execute();
  await setVrfOfMachine(tx, machineId, tenantVrf(allocation.role, allocation.networks));
  await enqueueBmcCommand(tx, { id: machineId, partitionId: machine.partition_id }, "DISK", REQUESTED_BY);
  await recordEvent(
    tx,
    machineId,
    "Planned Reboot",
    "reinstall given up before a disk was touched, boots its disk",
    now,
  );
  await notify(tx, "machine", machineId);
  return bootInfo;
}

async function lockAllocated(tx: Db, machineId: string) {
  const machine = await tx
    .selectFrom("machines")
    .select(["id", "partition_id"])
    .where("id", "=", machineId)
    .forUpdate()
    .executeTakeFirst();
  if (!machine) throw notFound("machine", machineId);
  const allocation = await tx
    .selectFrom("allocations")
    .select(["uuid", "image_id", "role", "networks", "boot_info", "reinstall", "old_system_lost"])
    .where("machine_id", "=", machineId)
    .executeTakeFirst();
  if (!allocation) throw unprocessable(`machine ${machineId} is not allocated`);
  return { machine, allocation };
}

/** The network that the machine's ports belong to: a firewall's carry all VRFs, a machine's its private one. */
function tenantVrf(role: "machine" | "firewall", networks: readonly MachineNetwork[]): string {
  if (role === "firewall") return "default";
  const network = networks.find((candidate) => candidate.private);
  if (!network) throw unprocessable("the allocation has no private network to put the machine's ports into");
  return `vrf${network.vrf}`;
}

function bootInfoOf(reported: ReportedBootInfo, imageId: string): BootInfo {
  const text = (value: string) => value.replaceAll("\0", "").slice(0, MAX_TEXT);
  return {
    image_id: imageId,
    primary_disk: text(reported.primaryDisk),
    os_partition: text(reported.osPartition),
    initrd: text(reported.initrd),
    cmdline: text(reported.cmdline),
    kernel: text(reported.kernel),
    bootloaderid: text(reported.bootloaderId),
  };
}
