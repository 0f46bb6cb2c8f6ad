// The log of what machines say, and what it amounts to: one row lock a machine, so that two leaves that report the
// same machine at once are heard one after the other.
import { json, notify } from "@metal-stack/database";
import { sql } from "kysely";
import type { Db } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { EMPTY_CONTAINER, type EventContainer, EVENTS_KEPT, type EventType, type ProvisioningEvent } from "./events.ts";
import { step } from "./rules.ts";

/** Longer texts are cut: the log is for people. */
const MAX_MESSAGE_LENGTH = 4000;

/**
 * Records an event of an existing machine, received at `now`, in the caller's transaction or one of its own.
 * Signs of life only touch the time of the last event. Answers false for an event that counts for nothing, because it may
 * be late. Throws when there is no such machine.
 */
export async function recordEvent(
  db: Db,
  machineId: string,
  event: EventType,
  message = "",
  now = new Date(),
): Promise<boolean> {
  if (!db.isTransaction) return transact(db, (tx) => recordEvent(tx, machineId, event, message, now));

  const before = await lockContainer(db, machineId);
  // PostgreSQL's texts hold no NUL.
  const text = message.replaceAll("\0", "").slice(0, MAX_MESSAGE_LENGTH);
  const after = step(before, { event, message: text }, now);
  if (after === before) return false;

  await db
    .updateTable("provisioning_states")
    .set({
      last_event_time: after.lastEventTime,
      last_error_event: after.lastErrorEvent && json(toDocument(after.lastErrorEvent)),
      crash_loop: after.crashLoop,
      failed_machine_reclaim: after.failedMachineReclaim,
    })
    .where("machine_id", "=", machineId)
    .execute();
  if (after.events !== before.events) await append(db, machineId, after.events[0]!);
  await notify(db, "event", machineId);
  return true;
}

/** Makes sure that the machine has a log, as registration does; an empty one says nothing. */
export async function ensureContainer(db: Db, machineId: string): Promise<void> {
  await db
    .insertInto("provisioning_states")
    .values({ machine_id: machineId })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** The containers of these machines, with at most `limit` events each; machines without one are absent. */
export async function eventsOf(
  db: Db,
  machineIds: readonly string[],
  limit = EVENTS_KEPT,
): Promise<Map<string, EventContainer>> {
  if (machineIds.length === 0) return new Map();
  // One parameter: PostgreSQL takes no more than 65 535.
  const among = sql<string>`any(${machineIds}::text[])`;
  const [states, events] = await Promise.all([
    db.selectFrom("provisioning_states").selectAll().where("machine_id", "=", among).execute(),
    db
      .selectFrom((from) =>
        from
          .selectFrom("provisioning_events")
          .selectAll()
          .select(sql<number>`row_number() over (partition by machine_id order by id desc)`.as("place"))
          .where("machine_id", "=", among)
          .as("newest"),
      )
      .selectAll()
      .where("place", "<=", limit)
      .orderBy("id", "desc")
      .execute(),
  ]);
  const byMachine = Map.groupBy(events, (event) => event.machine_id);
  return new Map(
    states.map((state) => [state.machine_id, containerOf(state, byMachine.get(state.machine_id) ?? [])] as const),
  );
}

async function lockContainer(tx: Db, machineId: string): Promise<EventContainer> {
  // The machine's row first, as everywhere: the log refers to it, and whoever commands a machine writes to its log as well.
  await tx.selectFrom("machines").select("id").where("id", "=", machineId).forKeyShare().execute();
  await ensureContainer(tx, machineId);
  const state = await tx
    .selectFrom("provisioning_states")
    .selectAll()
    .where("machine_id", "=", machineId)
    .forUpdate()
    .executeTakeFirstOrThrow();
  // The newest one is all that the rules look at.
  const newest = await tx
    .selectFrom("provisioning_events")
    .selectAll()
    .where("machine_id", "=", machineId)
    .orderBy("id", "desc")
    .limit(1)
    .execute();
  return containerOf(state, newest);
}

async function append(tx: Db, machineId: string, event: ProvisioningEvent): Promise<void> {
  await tx
    .insertInto("provisioning_events")
    .values({ machine_id: machineId, ...event })
    .execute();
  await tx
    .deleteFrom("provisioning_events")
    .where("machine_id", "=", machineId)
    .where("id", "<=", (from) =>
      from
        .selectFrom("provisioning_events as older")
        .select("older.id")
        .where("older.machine_id", "=", machineId)
        .orderBy("older.id", "desc")
        .offset(EVENTS_KEPT)
        .limit(1),
    )
    .execute();
}

interface StateRow {
  readonly last_event_time: Date | null;
  readonly last_error_event: { readonly time: string; readonly event: string; readonly message: string } | null;
  readonly crash_loop: boolean;
  readonly failed_machine_reclaim: boolean;
}

/** @param events newest first */
export function containerOf(
  state: StateRow,
  events: readonly { readonly time: Date; readonly event: string; readonly message: string }[],
): EventContainer {
  const error = state.last_error_event;
  return {
    ...EMPTY_CONTAINER,
    events: events.map(({ time, event, message }) => ({ time, event: event as EventType, message })),
    lastEventTime: state.last_event_time,
    lastErrorEvent: error && { ...error, event: error.event as EventType, time: new Date(error.time) },
    crashLoop: state.crash_loop,
    failedMachineReclaim: state.failed_machine_reclaim,
  };
}

function toDocument(event: ProvisioningEvent) {
  return { ...event, time: event.time.toISOString() };
}
