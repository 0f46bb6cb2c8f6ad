// What is known of silent machines that are to be installed, or that nobody has. Their resets are counted in the outbox of BMC
// commands: there is nothing else to keep in step.
import { sql } from "kysely";
import type { Db } from "../database/schema.ts";
import type { EventType } from "../provisioning/events.ts";
import type { RescueFacts, RescueOrder } from "./rules.ts";

/** Who asked, in the outbox and in the log. */
export const RESCUE = {
  installing: "metal-api: silent before its installation ended",
  free: "metal-api: silent while nobody has it",
} as const;
/** Of the row `m` of machines. What is taken back is the release's to reset, a quarantine an operator's. */
const nobodyHas = sql`(m.disks <> 'quarantined'
  and not exists (select from allocations where machine_id = m.id)
  and not exists (select from releases where machine_id = m.id and finished is null))`;
/** Resets count from here: the wish to install `a`, and the last time that `m` was where it should be. */
const askedFor = sql`greatest(a.created, (select max(c.created) from bmc_commands c
  where c.machine_id = a.machine_id and c.command = 'REINSTALL'))`;
const waitedLast = sql`coalesce((select max(e.time) from provisioning_events e
  where e.machine_id = m.id and e.event = 'Waiting'), m.created)`;
const OURS = sql`any(${Object.values(RESCUE)}::text[])`;

/** Undefined for a machine that has a system, is taken back, or is in quarantine. */
export async function rescueFacts(db: Db, machineId: string): Promise<RescueFacts | undefined> {
  const { rows } = await sql<{
    free: boolean;
    silentToo: number;
    speaking: number;
    heard: Date;
    event: EventType | null;
    locked: boolean;
    reinstall: boolean;
    orders: readonly Record<keyof RescueOrder, string | null>[];
    commanded: boolean;
  }>`
    with wish as (
      select a.machine_id, false as free, a.reinstall, ${askedFor} as since
      from allocations a where a.machine_id = ${machineId} and (a.installed is null or a.reinstall)
      union all
      select m.id, true, false, ${waitedLast}
      from machines m where m.id = ${machineId} and ${nobodyHas}
    ), commands as (
      select c.* from bmc_commands c join wish on c.machine_id = wish.machine_id and c.created > wish.since
    ), others as (
      select n.last_event_time as heard, p.last_event_time as silent from wish
      join machines self on self.id = wish.machine_id join provisioning_states p on p.machine_id = self.id
      join machines m on m.partition_id = self.partition_id and m.id <> self.id and ${nobodyHas}
      join provisioning_states n on n.machine_id = m.id where wish.free
    )
    select wish.free, greatest(wish.since, p.last_event_time) as heard, wish.reinstall,
      (select count(*)::int from others where heard < now() - interval '5 minutes'
        and heard between silent - interval '10 minutes' and silent + interval '10 minutes') as "silentToo",
      (select count(*)::int from others where heard >= now() - interval '5 minutes') as speaking,
      m.state_value = 'LOCKED' as locked,
      (select event from provisioning_events e where e.machine_id = m.id order by id desc limit 1) as event,
      (select coalesce(jsonb_agg(jsonb_build_object('command', command, 'created', created, 'done', done, 'error', error)
        order by sequence desc), '[]') from commands where requested_by = ${OURS}) as orders,
      exists (select from commands where not requested_by = ${OURS} and (command in ('OFF', 'DISK', 'BIOS')
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
 * Machines that a look is worth: silent since `before`, with a BMC, in a partition whose metal-bmc is there, and not reset
 * `most` times in vain. Those that fell silent last come first, so that ones nobody can help keep nobody waiting.
 */
export async function silentMachines(db: Db, before: Date, most: number, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    with silent as materialized (
      select m.id, m.created, greatest(a.created, p.last_event_time) as heard
      from machines m left join allocations a on a.machine_id = m.id
      left join provisioning_states p on p.machine_id = m.id
      join bmc_streams s on s.partition_id = m.partition_id and s.until > now()
      where coalesce(m.ipmi ->> 'address', '') <> '' and greatest(a.created, p.last_event_time) < ${before}
        and case when a.uuid is null then ${nobodyHas} else a.installed is null or a.reinstall end
    ), wishes as materialized (
      select m.id, heard, case when a.uuid is null then ${waitedLast} else ${askedFor} end as since
      from silent m left join allocations a on a.machine_id = m.id
    ), resets as (
      select w.id, count(*) from wishes w join bmc_commands c on c.machine_id = w.id and c.created > w.since
      where c.requested_by = ${OURS} and (c.command = 'CYCLE' or c.error is not null) group by w.id
    )
    select id from wishes left join resets using (id)
    where coalesce(resets.count, 0) < ${most} order by heard desc limit ${limit}`.execute(db);
  return rows.map(({ id }) => id);
}
