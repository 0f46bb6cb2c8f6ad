// What pixiecore tells and asks about a machine that network-boots.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { agent } from "@metal-stack/protocol";
import { isMachineId } from "../bmc/rules.ts";
import type { Db } from "../database/schema.ts";
import { badRequest, notFound, unprocessable } from "../errors.ts";
import { createTicket } from "../identity/tickets.ts";
import { recordEvent } from "../provisioning/store.ts";
import { admissionFacts, makeRoom } from "./admission.ts";
import { refuseAdmission } from "./rules-admission.ts";
import { decidePlan, isPlaceholderId } from "./rules.ts";
import { ensureMachine, factsOf } from "./store.ts";

type Plan = NonNullable<Exclude<MessageInitShape<typeof agent.PlanResponseSchema>, agent.PlanResponse>["plan"]>;

/**
 * An extended DHCP request of a machine: it comes into being, and its log says so.
 * @param partitionId empty from a legacy boot server, which does not tell it
 */
export async function dhcpSeen(tx: Db, machineId: string, partitionId: string, now: Date): Promise<void> {
  checkId(machineId);
  const named = partitionId === "" ? null : await existingPartition(tx, partitionId);
  await makeRoom(tx, machineId, named, now);
  const partition = await ensureMachine(tx, machineId, named);
  if (partition !== named && named !== null)
    throw unprocessable(`machine ${machineId} belongs to partition "${partition}"`);
  await recordEvent(tx, machineId, "PXE Booting", "machine sent extended dhcp request", now);
}

/** What the machine should boot now; a discovery comes with a new ticket that voids earlier ones. */
export async function planBoot(
  tx: Db,
  { machineId, partitionId, mac }: { machineId: string; partitionId: string; mac: string },
  now: Date,
): Promise<Plan> {
  if (!isMachineId(machineId) || isPlaceholderId(machineId))
    return refuse(`"${machineId.slice(0, 64)}" is not a UUID of one machine: set the system UUID in its firmware`);
  const partition = await existingPartition(tx, partitionId);
  await makeRoom(tx, machineId, partition, now);
  await ensureMachine(tx, machineId, partition);
  const refusal = refuseAdmission(machineId, await admissionFacts(tx, machineId, mac.toLowerCase(), now));
  if (refusal !== undefined) return refuse(refusal);
  const { facts, partitionId: home } = (await factsOf(tx, machineId))!;
  const decision = decidePlan(partitionId, { partitionId: home, allocation: facts.allocation });
  if (decision.kind === "refuse") return refuse(decision.reason);
  if (decision.kind === "local disk") {
    // Its log says PXE Booting by now; this lets the tenant's system be heard as it should.
    await recordEvent(tx, machineId, "Planned Reboot", "boots its own disk", now);
    return { case: "localDisk", value: { reason: decision.reason } };
  }
  return discovery(tx, machineId, partitionId, now);
}

async function discovery(tx: Db, machineId: string, partitionId: string, now: Date): Promise<Plan> {
  const configuration = await bootConfiguration(tx, partitionId);
  if (!configuration.kernelurl || !configuration.imageurl)
    return refuse(`partition "${partitionId}" has no boot configuration: set kernelurl and imageurl`);
  return {
    case: "discovery",
    value: {
      kernelUrl: configuration.kernelurl,
      initrdUrls: [configuration.imageurl],
      cmdline: configuration.commandline ?? "",
      ticket: await createTicket(tx, machineId, partitionId, now),
    },
  };
}

/** The partition's boot configuration. Throws 404. */
export async function bootConfiguration(db: Db, partitionId: string) {
  const partition = await db
    .selectFrom("partitions")
    .select("boot_configuration")
    .where("id", "=", partitionId)
    .executeTakeFirst();
  if (!partition) throw notFound("partition", partitionId);
  return partition.boot_configuration;
}

async function existingPartition(tx: Db, partitionId: string): Promise<string> {
  await bootConfiguration(tx, partitionId);
  return partitionId;
}

function checkId(machineId: string): void {
  if (!isMachineId(machineId) || isPlaceholderId(machineId))
    throw badRequest(`"${machineId.slice(0, 64)}" is not a UUID of one machine`);
}

function refuse(reason: string): Plan {
  return { case: "refuse", value: { reason } };
}
