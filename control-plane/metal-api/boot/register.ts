// Registration: the discovery image tells what the machine is and what it is plugged into.
import { json, notify } from "@metal-stack/database";
import type { BootServiceRegisterRequest, MachineIPMI } from "@metal-stack/protocol";
import { Secret } from "@metal-stack/service";
import { sql } from "kysely";
import { noteAppliedLogin } from "../bmc/logins.ts";
import { machineIsOurs, openRotation, proveLogin } from "../bmc/rotation.ts";
import { isMachineId } from "../bmc/rules.ts";
import type { Context } from "../context.ts";
import type { Hardware } from "../database/documents.ts";
import type { Db } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { badRequest, notFound, unprocessable } from "../errors.ts";
import { ensureContainer } from "../provisioning/store.ts";
import type { Keyring } from "../secrets/keyring.ts";
import { matchSize, UNKNOWN_SIZE } from "../sizes/rules.ts";
import { sizes } from "../sizes/store.ts";
import { wiredMacs, WiringError, wiringOf } from "../switches/rules-wiring.ts";
import { checkEvidence, knownNicsChanged } from "../switches/sightings.ts";
import { connectMachine, leavesOf } from "../switches/store.ts";
import { ownerOfNics } from "./admission.ts";
import { biosOf, hardwareOf, ipmiOf } from "./rules-hardware.ts";
import { ensureMachine } from "./store.ts";

const MAX_USER = 16;
const MAX_PASSWORD = 20;

export interface Registered {
  readonly uuid: string;
  readonly size: string;
  readonly partitionId: string;
}

/**
 * Registers a machine (reference/machine-lifecycle.md 4.2). Hardware, BMC and size are kept even when the cabling is wrong;
 * then the caller gets FAILED_PRECONDITION with what was found, as in the original, and may try again.
 */
export async function registerMachine(
  { db, clock, log, keyring }: Pick<Context, "db" | "clock" | "log" | "keyring">,
  request: BootServiceRegisterRequest,
): Promise<Registered> {
  const id = request.uuid;
  if (!isMachineId(id)) throw badRequest("uuid is empty or not a UUID");
  if (!request.hardware) throw badRequest("hardware is missing");
  if (!request.bios) throw badRequest("bios is missing");
  const hardware = hardwareOf(request.hardware);
  const known = await db.selectFrom("machines").select("hardware").where("id", "=", id).executeTakeFirst();
  const before = wiredMacs(known?.hardware?.nics ?? []);
  const registered = await transact(db, async (tx) => {
    const stored = await storeHardware(tx, request, hardware, clock());
    await noteLogin(tx, keyring, id, request.ipmi, clock());
    return stored;
  });
  if (registered.size === UNKNOWN_SIZE) log.warn({ machine: id }, "no size, or more than one, matches this machine");
  await transact(db, (tx) => connect(tx, id, registered.partitionId, hardware));
  if (before.join() !== wiredMacs(hardware.nics).join())
    await transact(db, (tx) => knownNicsChanged(tx, registered.partitionId));
  return registered;
}

async function storeHardware(
  tx: Db,
  { uuid, bios, ipmi, tags, metalHammerVersion, partitionId }: BootServiceRegisterRequest,
  hardware: Hardware,
  now: Date,
): Promise<Registered> {
  const known = await tx.selectFrom("machines").select("hardware").where("id", "=", uuid).executeTakeFirst();
  const home = await homeOf(tx, uuid, partitionId);
  const machine = await tx
    .selectFrom("machines")
    .select("ipmi")
    .where("id", "=", uuid)
    .executeTakeFirstOrThrow(() => notFound("machine", uuid));
  const owner = await ownerOfNics(tx, uuid, wiredMacs(hardware.nics));
  if (owner !== undefined)
    throw unprocessable(
      `a NIC of machine ${uuid} belongs to machine ${owner}; delete that machine if its NIC is in this one now`,
    );
  const size = matchSize(await sizes(tx), hardware)?.id ?? UNKNOWN_SIZE;
  await tx
    .updateTable("machines")
    .set((row) => ({
      hardware: json(hardware),
      bios: json(biosOf(bios!)),
      ...(ipmi && { ipmi: json(ipmiOf(machine.ipmi, ipmi, now)) }),
      size_id: size,
      hammer_version: metalHammerVersion.slice(0, 256),
      ...(known?.hardware ? {} : { tags, led_value: "LED-OFF", led_description: "Machine registered" }),
      changed: sql<Date>`now()`,
      version: row("version", "+", 1),
    }))
    .where("id", "=", uuid)
    .execute();
  await ensureContainer(tx, uuid);
  await notify(tx, "machine", uuid);
  if (ipmi) await notify(tx, "bmc", home);
  return { uuid, size, partitionId: home };
}

/**
 * What the machine says it has set as login on its BMC; without that, metal-bmc does over LAN what is due. Bounded as BMCs
 * bound it (IPMI 2.0 §22.28, §22.30).
 */
async function noteLogin(tx: Db, keyring: Keyring, id: string, ipmi: MachineIPMI | undefined, now: Date) {
  const { user = "", password = "" } = ipmi ?? {};
  if (user === "" || password === "" || user.length > MAX_USER || password.length > MAX_PASSWORD)
    return machineIsOurs(tx, id, now);
  const login = await noteAppliedLogin(tx, keyring, id, user, new Secret(password));
  const open = await openRotation(tx, id);
  // A login from before the change was asked for does not answer it.
  const counts = login.isNew || (open ? open.login_id === login.id : login.accepted === null);
  return counts ? proveLogin(tx, id, login.id, now) : machineIsOurs(tx, id, now);
}

/** The partition that the machine is in; the one it names only counts when it has none yet. */
async function homeOf(tx: Db, machineId: string, named: string): Promise<string> {
  const partition = named === "" ? undefined : await ensureMachine(tx, machineId, await partitionNamed(tx, named));
  const home = partition ?? (await partitionOf(tx, machineId));
  if (!home) throw badRequest(`machine ${machineId} is in no partition and names none`);
  if (named !== "" && named !== home)
    throw unprocessable(`machine ${machineId} belongs to partition "${home}", not to "${named}"`);
  return home;
}

async function partitionOf(tx: Db, machineId: string): Promise<string | null> {
  const machine = await tx
    .selectFrom("machines")
    .select("partition_id")
    .where("id", "=", machineId)
    .forUpdate()
    .executeTakeFirst();
  return machine?.partition_id ?? null;
}

async function partitionNamed(tx: Db, id: string): Promise<string> {
  const partition = await tx.selectFrom("partitions").select("id").where("id", "=", id).executeTakeFirst();
  if (!partition) throw notFound("partition", id);
  return partition.id;
}

async function connect(tx: Db, machineId: string, partitionId: string, hardware: Hardware): Promise<void> {
  // The machine's row first, as everywhere.
  await partitionOf(tx, machineId);
  try {
    const wiring = wiringOf(machineId, hardware.nics, await leavesOf(tx, partitionId));
    await checkEvidence(tx, machineId, wiring, wiredMacs(hardware.nics));
    await connectMachine(tx, machineId, wiring);
    await tx.updateTable("machines").set({ rack_id: wiring.rackId }).where("id", "=", machineId).execute();
  } catch (error) {
    if (error instanceof WiringError) throw unprocessable(error.message);
    throw error;
  }
}
