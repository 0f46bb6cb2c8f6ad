// What is known of machines that are allocated, not installed and silent. Their resets are counted in the outbox of BMC
// commands: there is nothing else to keep in step.
import { sql } from "kysely";
import type { Db } from "../database/schema.ts";
import type { EventType } from "../provisioning/events.ts";
import type { RescueFacts, RescueOrder } from "./rules.ts";

export const RESCUE = "metal-api: silent before its installation ended";

/** Undefined for a machine that is not to be installed. */
export async function rescueFacts(db: Db, machineId: string): Promise<RescueFacts | undefined> {
  const { rows } = await sql<{
    heard: Date;
    event: EventType | null;
    locked: boolean;
    reinstall: boolean;
    orders: readonly Record<keyof RescueOrder, string | null>[];
    commanded: boolean;
  }>`
    with wish as (
      select a.machine_id, a.reinstall, greatest(a.created, (select max(c.created) from bmc_commands c
        where c.machine_id = a.machine_id and c.command = 'REINSTALL')) as since
      from allocations a where a.machine_id = ${machineId} and (a.installed is null or a.reinstall)
    ), commands as (
      select c.* from bmc_commands c join wish on c.machine_id = wish.machine_id and c.created > wish.since
    )
    select greatest(wish.since, p.last_event_time) as heard, wish.reinstall, m.state_value = 'LOCKED' as locked,
      (select event from provisioning_events e where e.machine_id = m.id order by id desc limit 1) as event,
      (select coalesce(jsonb_agg(jsonb_build_object('command', command, 'created', created, 'done', done, 'error', error)
        order by sequence desc), '[]') from commands where requested_by = ${RESCUE}) as orders,
      exists (select from commands where requested_by <> ${RESCUE} and (command in ('OFF', 'DISK', 'BIOS')
        or (done is null and command in ('ON', 'RESET', 'CYCLE', 'PXE', 'REINSTALL')))) as commanded
    from wish join machines m on m.id = wish.machine_id
    left join provisioning_states p on p.machine_id = m.id`.execute(db);
  const [row] = rows;
  if (!row) return undefined;
  const { event, orders, ...rest } = row;
  return {
    ...rest,
    newestEvent: event ?? undefined,
    orders: orders.map(({ command, created, done, error }) => ({
      command: command!,
      created: new Date(created!),
      done: done === null ? null : new Date(done),
      error,
    })),
  };
}

/**
 * Machines that a look is worth: silent since `before`, with a BMC, in a partition whose metal-bmc is there. Those that fell
 * silent last come first, so that ones nobody can help keep nobody waiting.
 */
export async function silentInstallations(db: Db, before: Date, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select m.id from allocations a join machines m on m.id = a.machine_id
    join bmc_streams s on s.partition_id = m.partition_id and s.until > now()
    left join provisioning_states p on p.machine_id = m.id
    where (a.installed is null or a.reinstall) and coalesce(m.ipmi ->> 'address', '') <> ''
      and greatest(a.created, p.last_event_time) < ${before}
    order by greatest(a.created, p.last_event_time) desc limit ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}
