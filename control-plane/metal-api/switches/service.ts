import { agent } from "@metal-stack/protocol";
import type { Context } from "../context.ts";
import type { Db } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { notFound } from "../errors.ts";
import type { GrpcModule } from "../grpc/server.ts";
import { wakeups } from "../grpc/wakeups.ts";
import { recordSync, registerSwitch } from "./commands.ts";
import { refreshFilters } from "./filters.ts";
import { knownNics, recordSightings } from "./sightings.ts";
import { portsOf, switchById } from "./store.ts";

/** A stream that says nothing for longer is dead. */
const SIGN_OF_LIFE_MS = 20_000;
/** Text of a failed apply; the switch's log has the rest. */
const MAX_ERROR_LENGTH = 4000;

export const switchModule: GrpcModule = (add, context) =>
  add(agent.SwitchService, {
    async register(request) {
      return transact(context.db, (tx) =>
        registerSwitch(tx, {
          id: request.id,
          // What a switch calls itself in LLDP is what its certificate calls it.
          name: request.id,
          partitionId: request.partitionId,
          rackId: request.rackId,
          ports: request.ports.map(({ name, mac, identifier }) => ({ name, mac, identifier })),
          os: {
            vendor: request.osVendor,
            version: request.osVersion,
            metal_core_version: request.metalCoreVersion,
          },
          managementIp: request.managementIp,
          managementUser: request.managementUser,
        }),
      );
    },

    watch: ({ id }, { signal }) => watch(context, id, signal),

    async notify(request) {
      await transact(context.db, (tx) =>
        recordSync(
          tx,
          request.id,
          {
            durationNs: Number(request.syncDurationNanoseconds),
            error: request.error === "" ? undefined : request.error.slice(0, MAX_ERROR_LENGTH),
            portStates: request.portStates,
            appliedGeneration: Number(request.appliedGeneration),
          },
          context.clock(),
        ),
      );
      if (request.tellsSightings)
        await transact(context.db, (tx) => recordSightings(tx, request.id, request.sightings));
      return {};
    },
  });

async function* watch({ db, notifications }: Context, id: string, signal: AbortSignal) {
  let machines = new Set<string>();
  let sent: number | undefined;
  const sources = [
    { topic: "switch" as const, concerns: (changed: string) => changed === id },
    // An allocation changes what may be announced at its ports.
    { topic: "machine" as const, concerns: (changed: string) => machines.has(changed) },
  ];
  for await (const why of wakeups(notifications, sources, SIGN_OF_LIFE_MS, signal)) {
    await refreshFilters(db, id);
    const wanted = await wantedState(db, id);
    machines = wanted.machines;
    if (why === "change" && wanted.config.generation === BigInt(sent ?? -1)) continue;
    sent = Number(wanted.config.generation);
    yield wanted.config;
  }
}

async function wantedState(db: Db, id: string) {
  const [row, ports, nics] = await db
    .transaction()
    .setIsolationLevel("repeatable read")
    .execute(
      async (tx) =>
        [await switchById(tx, id), (await portsOf(tx, [id])).get(id) ?? [], await knownNics(tx, id)] as const,
    );
  if (!row) throw notFound("switch", id);
  return {
    machines: new Set(ports.flatMap((port) => port.machine_id ?? [])),
    config: {
      generation: BigInt(row.generation),
      ports: ports.map((port) => ({
        name: port.name,
        vrf: port.vrf,
        allowedCidrs: [...(port.filter.cidrs ?? [])],
        allowedVnis: (port.filter.vnis ?? []).map(Number),
        adminStatus: port.admin_status,
        machineId: port.machine_id ?? "",
        macs: [...(nics.here.get(port.name) ?? [])],
      })),
      remoteMacs: [...nics.elsewhere],
    },
  };
}
