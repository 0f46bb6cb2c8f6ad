// What of ours belongs to a project; the project itself is masterdata's.
import { type RawBuilder, sql } from "kysely";
import type { Db } from "../database/schema.ts";
import { badRequest } from "../errors.ts";

const KINDS = ["machines", "networks", "ips", "size reservations"] as const;
type Kind = (typeof KINDS)[number];

/** How many there are, and what the first few are called. */
interface Belongings {
  readonly count: number;
  readonly names: readonly string[];
}

/** So many of each kind are named to somebody whom they are in the way of. */
const NAMED = 3;

/** The machines, networks, addresses and reservations of a project. */
export async function belongingsOf(db: Db, projectId: string): Promise<Record<Kind, Belongings>> {
  const named = (from: RawBuilder<unknown>) => sql`
    select count(*) as count, coalesce((array_agg(name order by name))[1:${sql.lit(NAMED)}], '{}') as names from ${from} as own`;
  const queries = {
    machines: named(sql`(select name || ' ' || machine_id as name from allocations where project_id = ${projectId})`),
    networks: named(sql`(select name || ' ' || id as name from networks where project_id = ${projectId})`),
    ips: named(sql`(select host(ip) as name from ips where project_id = ${projectId})`),
    reservations: named(sql`(select name || ' ' || id as name from size_reservations where project_id = ${projectId})`),
  };
  const { rows } = await sql<Belongings & { kind: Kind }>`
    select 'machines' as kind, * from (${queries.machines}) as machines
    union all select 'networks', * from (${queries.networks}) as networks
    union all select 'ips', * from (${queries.ips}) as ips
    union all select 'size reservations', * from (${queries.reservations}) as reservations`.execute(db);
  const found = (kind: Kind) => rows.find((row) => row.kind === kind)!;
  return {
    machines: found("machines"),
    networks: found("networks"),
    ips: found("ips"),
    "size reservations": found("size reservations"),
  };
}

/** Throws 400 that says what still belongs to the project. */
export async function checkNothingBelongs(db: Db, projectId: string): Promise<void> {
  const belongings = await belongingsOf(db, projectId);
  const inTheWay = KINDS.filter((kind) => belongings[kind].count > 0);
  if (inTheWay.length === 0) return;
  const list = inTheWay.map((kind) => described(kind, belongings[kind])).join(", ");
  const done = inTheWay[0] === "size reservations" ? "made" : "allocated";
  throw badRequest(`there are still ${inTheWay[0]} ${done} by this project: ${list}`);
}

/** "1 network (private …)", "5 machines (web-1 …, web-2 …, …)" */
function described(kind: Kind, { count, names }: Belongings): string {
  const shown = names.map((name) => name.trim()).join(", ");
  return `${count} ${count === 1 ? kind.slice(0, -1) : kind} (${shown}${count > names.length ? ", …" : ""})`;
}
