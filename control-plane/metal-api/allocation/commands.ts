// Allocation: one transaction that happens as a whole or not at all (reference/machine-lifecycle.md chapter 3).
import { createHash, randomUUID } from "node:crypto";
import type { FirewallCreateRequest } from "@metal-stack/api-schema";
import { json, notify } from "@metal-stack/database";
import { sql } from "kysely";
import type { Context } from "../context.ts";
import type { Vpn } from "../database/documents.ts";
import type { Db, Tx } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { badRequest, unprocessable } from "../errors.ts";
import { hardwareProblem } from "../filesystem-layouts/rules.ts";
import { tagsOf } from "../machines/rules-tags.ts";
import { updateMachineRow } from "../machines/store.ts";
import { acquireNumber } from "../numbers/store.ts";
import { takeWithinQuotas } from "../projects/quota.ts";
import { vpnForFirewall } from "../vpn/join.ts";
import { sealedVpn } from "../vpn/sealing.ts";
import { claimMachine } from "./candidates.ts";
import { connect, gatherNetworks } from "./networks.ts";
import { unfit } from "./refusal.ts";
import type { Role } from "./rules-request.ts";
import { type Specification, specify } from "./specification.ts";
import { insertAllocation } from "./store.ts";

const MAX_KEY_LENGTH = 200;

export interface AllocationRequest {
  readonly role: Role;
  readonly body: FirewallCreateRequest;
  /** E-mail. */
  readonly creator: string;
  /** Repeating a request with the same key answers the machine that the first one got. */
  readonly idempotencyKey?: string | undefined;
}

interface Key {
  readonly key: string;
  /** Of the request. */
  readonly hash: string;
}

/** Allocates a machine and answers its id. Throws 400, 404, 422, 500 (no address left). */
export async function allocate(
  { db, masterdata, config, clock, keyring }: Pick<Context, "db" | "masterdata" | "config" | "clock" | "keyring">,
  request: AllocationRequest,
): Promise<string> {
  const key = idempotencyOf(request);
  const earlier = key && (await earlierResult(db, key));
  if (earlier !== undefined) return earlier;
  const wanted = await specify({ db, masterdata }, request.body, request.role, request.creator);
  // Before anything is locked: headscale may be slow.
  const join =
    request.role === "firewall" && config.headscale
      ? await vpnForFirewall(config.headscale, wanted.projectId, clock())
      : null;
  return transact(db, async (tx) => {
    if (key) {
      // A repetition that comes at the same time waits for the first.
      await sql`select pg_advisory_xact_lock(hashtextextended(${`idempotency:${key.key}`}, 0))`.execute(tx);
      const earlier = await earlierResult(tx, key);
      if (earlier !== undefined) return earlier;
    }
    return takeWithinQuotas(tx, masterdata, wanted.projectId, () => {
      const uuid = randomUUID();
      return allocateOne(tx, wanted, uuid, join && sealedVpn(keyring, uuid, join), key);
    });
  });
}

async function allocateOne(
  tx: Tx,
  wanted: Specification,
  uuid: string,
  vpn: Vpn | null,
  key: Key | undefined,
): Promise<string> {
  const machine = await claimMachine(tx, wanted);
  const problem = hardwareProblem(wanted.layout, machine.hardware ?? { disks: [] });
  if (problem !== undefined) throw unfit(machine.id, `unable to check for fsl match:${problem}`, problem);
  const connected = await connect(tx, wanted, machine.id, await gatherNetworks(tx, wanted));
  // Last, because everybody shares the pool.
  const asn = await acquireNumber(tx, "asn");
  const networks = connected.map((network) => ({ ...network, asn }));
  await insertAllocation(tx, {
    uuid,
    machine_id: machine.id,
    creator: wanted.creator,
    name: wanted.name,
    description: wanted.description,
    project_id: wanted.projectId,
    image_id: wanted.imageId,
    filesystem_layout: json(wanted.layout),
    networks: json(networks),
    hostname: wanted.hostname,
    ssh_pub_keys: [...wanted.sshPublicKeys],
    user_data: wanted.userData,
    role: wanted.role,
    firewall_rules: wanted.firewallRules && json(wanted.firewallRules),
    vpn: vpn && json(vpn),
    dns_servers: json(wanted.dnsServers),
    ntp_servers: json(wanted.ntpServers),
    asn,
    idempotency_key: key?.key ?? null,
    idempotency_hash: key?.hash ?? null,
  });
  await updateMachineRow(tx, machine.id, {
    tags: tagsOf(machine, wanted.tags, networks),
    waiting_until: null,
    disks: "in-use",
    disks_reason: "",
    disks_since: sql<Date>`now()`,
  });
  await notify(tx, "machine", machine.id);
  return machine.id;
}

function idempotencyOf({ role, body, creator, idempotencyKey }: AllocationRequest): Key | undefined {
  if (idempotencyKey === undefined) return undefined;
  if (idempotencyKey === "" || idempotencyKey.length > MAX_KEY_LENGTH)
    throw badRequest(`Idempotency-Key must have 1 to ${MAX_KEY_LENGTH} characters`);
  const hash = createHash("sha256")
    .update(JSON.stringify([role, body]))
    .digest("hex");
  return { key: `${creator}/${idempotencyKey}`, hash };
}

async function earlierResult(db: Db, { key, hash }: Key): Promise<string | undefined> {
  const earlier = await db
    .selectFrom("allocations")
    .select(["machine_id", "idempotency_hash"])
    .where("idempotency_key", "=", key)
    .executeTakeFirst();
  if (earlier && earlier.idempotency_hash !== hash)
    throw unprocessable("this Idempotency-Key was used for another request, choose a new one");
  return earlier?.machine_id;
}
