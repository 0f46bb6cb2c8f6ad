import { Code, ConnectError } from "@connectrpc/connect";
import { notify } from "@metal-stack/database";
import { EventService } from "@metal-stack/protocol";
import type { Component } from "@metal-stack/service";
import { isMachineId } from "../bmc/rules.ts";
import type { Context } from "../context.ts";
import type { Db } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { peerKey } from "../grpc/peer.ts";
import type { GrpcModule } from "../grpc/server.ts";
import { isConnected } from "../switches/store.ts";
import { type EventType, isEventType } from "./events.ts";
import { recordEvent } from "./store.ts";

/** A leaf has some fifty machines; a legacy agent may batch a partition. */
const MAX_EVENTS = 1000;

/** What agents may say of machines; a machine may say anything, of itself. */
const ALLOWED: Partial<Record<Component, readonly EventType[]>> = {
  "metal-core": ["Phoned Home"],
  pixiecore: ["PXE Booting"],
};

/**
 * Events of machines, one by one. Unknown events and unknown machines come back in `failed`, as do machines that are not
 * plugged into the leaf that reports them.
 */
export const eventModule: GrpcModule = (add, context) =>
  add(EventService, {
    async send({ events }, { values }) {
      const entries = Object.entries(events).map(([id, event]) => ({ id: id.toLowerCase(), ...event }));
      if (entries.length > MAX_EVENTS) throw new ConnectError(`more than ${MAX_EVENTS} events`, Code.InvalidArgument);
      const identity = values.get(peerKey).identity;
      const allowed = identity && ALLOWED[identity.component];
      if (allowed && entries.some(({ event }) => !(allowed as readonly string[]).includes(event))) {
        const message = `${identity.component} may only report: ${allowed.join(", ")}`;
        throw new ConnectError(message, Code.PermissionDenied);
      }
      const ids = entries.map(({ id }) => id).filter(isMachineId);
      const heard = await machinesOf(context.db, identity, ids);
      const failed: string[] = [];
      let recorded = 0;
      for (const { id, event, message } of entries) {
        if (isEventType(event) && heard.has(id)) {
          await receive(context, id, event, message);
          recorded += 1;
        } else failed.push(id);
      }
      return { events: BigInt(recorded), failed };
    },
  });

/** Those machines that exist and that this caller may speak of. */
async function machinesOf(db: Db, caller: { component: Component; id: string } | undefined, ids: readonly string[]) {
  if (ids.length === 0) return new Set<string>();
  if (caller?.component === "metal-core") return isConnected(db, caller.id, ids);
  const known = await db
    .selectFrom("machines")
    .select("id")
    .where("id", "in", ids)
    .$if(caller?.component === "pixiecore", (query) => query.where("partition_id", "=", caller!.id))
    .execute();
  return new Set(known.map(({ id }) => id));
}

async function receive({ db, clock }: Context, id: string, event: EventType, message: string): Promise<void> {
  await transact(db, async (tx) => {
    const counts = await recordEvent(tx, id, event, message, clock());
    if (counts && event === "Phoned Home") await noteSuccess(tx, id);
  });
}

/**
 * The tenant's system was heard for the first time since it was installed. (Late reports of the one before do not count.) It
 * may have begun with a boot from the network that nobody answered: its log goes on saying so.
 */
async function noteSuccess(tx: Db, machineId: string): Promise<void> {
  const succeeded = await tx
    .updateTable("allocations")
    .set({ succeeded: true })
    .where("machine_id", "=", machineId)
    .where("installed", "is not", null)
    .where("succeeded", "=", false)
    .where("reinstall", "=", false)
    .where((where) =>
      where.exists(
        where
          .selectFrom("provisioning_events as newest")
          .select("newest.id")
          .where("newest.machine_id", "=", machineId)
          .where("newest.event", "in", ["Phoned Home", "PXE Booting"])
          .where("newest.id", "=", (from) =>
            from
              .selectFrom("provisioning_events as event")
              .select((e) => e.fn.max("event.id").as("id"))
              .where("event.machine_id", "=", machineId),
          ),
      ),
    )
    .returning("uuid")
    .executeTakeFirst();
  if (succeeded) await notify(tx, "machine", machineId);
}
