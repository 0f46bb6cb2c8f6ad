// The JSON of machines for lists. Making it from rows costs a list most of its time, so what seldom changes and is long, the
// machine, its allocation and its log, is kept as text in the database, for all processes and across restarts. What it
// refers to and what depends on the time are added each time.
import type { FastifyReply } from "fastify";
import { type RawBuilder, sql } from "kysely";
import type { Context } from "../context.ts";
import type { Db } from "../database/schema.ts";
import type { MachineTextsTable } from "../database/tables/machines.ts";
import { containerOf, eventsOf } from "../provisioning/store.ts";
import { type Page, sendPages } from "./lists.ts";
import {
  allocationResponse,
  eventsResponse,
  imageOf,
  livingResponse,
  ownResponse,
  partitionOf,
  sizeOf,
} from "./mapping.ts";
import { machineConditions, type MachineQuery } from "./query.ts";
import { EVENTS_SHOWN, rowsByIds } from "./references.ts";
import type { AvailabilityFacts } from "./rules-availability.ts";
import { machinesByIds } from "./store.ts";

/** Of how the texts are made: the next number makes all of them again. A test holds it to what they say. */
export const TEXT_FORMAT = 1;
/** Machines made from rows at once: takes some milliseconds, and other requests are served between. */
const MADE_AT_ONCE = 250;
/** Whoever changes the machines goes first; what is not kept now is kept by the next list. */
const KEEP_TIMEOUT = "50ms";

type Text = MachineTextsTable;

/** A machine in a list: what is read anew each time, and its text if that is as new as the machine. */
interface Line {
  readonly id: string;
  readonly version: string;
  readonly partition_id: string | null;
  readonly size_id: string;
  readonly image_id: string | null;
  readonly state_value: AvailabilityFacts["state"];
  readonly disks: AvailabilityFacts["disks"];
  /** Unix time in milliseconds, as {@link heard_at}: dates are slow to read. */
  readonly waiting_until: number | null;
  readonly heard_at: number | null;
  readonly last_error_event: Parameters<typeof containerOf>[0]["last_error_event"];
  /** Null when the machine never said anything. */
  readonly crash_loop: boolean | null;
  readonly failed_machine_reclaim: boolean | null;
  /** Null when it has to be made. */
  readonly machine: string | null;
  readonly allocation: string | null;
  readonly log: string | null;
}

type Known = Pick<Context, "db" | "clock" | "log">;

/** What else is told of machines. */
type More = (ids: readonly string[]) => Promise<(id: string) => object>;

/** Answers with the machines that match, by id; see {@link sendPages}. @param more added to each */
export function sendMachines(context: Known, reply: FastifyReply, query: MachineQuery, more?: More): Promise<never> {
  const texts = new MachineTexts(context, query, more);
  return sendPages(reply, (after, limit) => texts.page(after, limit));
}

/** One list, read page by page. */
export class MachineTexts {
  readonly #context: Known;
  readonly #query: MachineQuery;
  readonly #more: More | undefined;
  /** Members of a JSON object with a comma behind, by id; what does not exist is empty. */
  readonly #partitions = new Map<string, string>();
  readonly #sizes = new Map<string, string>();
  readonly #images = new Map<string, string>();

  constructor(context: Known, query: MachineQuery, more?: More) {
    this.#context = context;
    this.#query = query;
    this.#more = more;
  }

  /** At most `limit` machines, by id, from after that id on. */
  async page(after: string | undefined, limit: number): Promise<Page> {
    const lines = await linesOf(this.#context.db, this.#query, after, limit);
    return { text: () => this.#textOf(lines), last: lines.length < limit ? undefined : lines.at(-1)!.id };
  }

  async #textOf(lines: readonly Line[]): Promise<string> {
    await this.#refer(lines);
    const made = await this.#make(lines.filter(({ machine }) => machine === null));
    const more = await this.#more?.(lines.map(({ id }) => id));
    const now = this.#context.clock();
    const texts = lines.flatMap((line) => {
      const text = line.machine === null ? made.get(line.id) : (line as Pick<Text, "machine" | "allocation" | "log">);
      return text ? `{${more ? members(more(line.id)) : ""}${this.#whole(line, text, now)}}` : [];
    });
    return texts.join();
  }

  async #make(lines: readonly Line[]): Promise<ReadonlyMap<string, Text>> {
    const { db, log } = this.#context;
    const made = new Map<string, Text>();
    for (let at = 0; at < lines.length; at += MADE_AT_ONCE) {
      const texts = await makeTexts(db, lines.slice(at, at + MADE_AT_ONCE));
      for (const text of texts) made.set(text.machine_id, text);
      await keep(db, texts).catch((error: unknown) => log.debug({ error }, "texts of machines not kept"));
    }
    return made;
  }

  /** Reads what these refer to, unless an earlier page did. */
  async #refer(lines: readonly Line[]): Promise<void> {
    const { db } = this.#context;
    const unknown = (texts: ReadonlyMap<string, string>, id: (line: Line) => string | null) => [
      ...new Set(lines.flatMap((line) => id(line) || []).filter((id) => !texts.has(id))),
    ];
    const partitionIds = unknown(this.#partitions, (line) => line.partition_id);
    const sizeIds = unknown(this.#sizes, (line) => line.size_id);
    const imageIds = unknown(this.#images, (line) => line.image_id);
    const [partitions, sizes, images] = await Promise.all([
      rowsByIds(db, "partitions", partitionIds),
      rowsByIds(db, "sizes", sizeIds),
      rowsByIds(db, "images", imageIds),
    ]);
    for (const id of partitionIds) this.#partitions.set(id, members(partitionOf(partitions.get(id))));
    for (const id of sizeIds) this.#sizes.set(id, members(sizeOf(id, sizes.get(id))));
    for (const id of imageIds) this.#images.set(id, members(imageOf(images.get(id))));
  }

  /** The members of the machine's object. */
  #whole(line: Line, { machine, allocation, log }: Pick<Text, "machine" | "allocation" | "log">, now: Date): string {
    const { image_id, crash_loop, heard_at, waiting_until } = line;
    const heard =
      crash_loop === null
        ? undefined
        : containerOf(
            {
              crash_loop,
              last_event_time: heard_at === null ? null : new Date(heard_at),
              last_error_event: line.last_error_event,
              failed_machine_reclaim: line.failed_machine_reclaim ?? false,
            },
            [],
          );
    const waitingUntil = waiting_until === null ? null : new Date(waiting_until);
    const facts = { allocated: image_id !== null, state: line.state_value, disks: line.disks, waitingUntil };
    const { events, ...living } = livingResponse(facts, heard, now);
    const { log: _, ...rest } = events;
    return (
      `${this.#partitions.get(line.partition_id ?? "") ?? ""}${this.#sizes.get(line.size_id) ?? ""}` +
      // A text that was made just now may know of an allocation that this line does not; without its image it is none.
      (allocation === null || image_id === null
        ? ""
        : `"allocation":{${this.#images.get(image_id) ?? ""}${allocation}},`) +
      `${members(living)}"events":{"log":${log},${JSON.stringify(rest).slice(1)},${machine}`
    );
  }
}

/** Of a JSON object, with a comma behind each. */
function members(object: object): string {
  const text = JSON.stringify(object).slice(1, -1);
  return text === "" ? "" : `${text},`;
}

async function makeTexts(db: Db, lines: readonly Line[]): Promise<Text[]> {
  const ids = lines.map(({ id }) => id);
  const [machines, containers] = await Promise.all([machinesByIds(db, ids), eventsOf(db, ids, EVENTS_SHOWN)]);
  // The versions were read before: a text may be newer than its version, which makes it once too often, never older.
  const versions = new Map(lines.map(({ id, version }) => [id, version]));
  return machines.map((machine) => ({
    machine_id: machine.id,
    version: versions.get(machine.id)!,
    machine: JSON.stringify(ownResponse(machine)).slice(1, -1),
    allocation: machine.allocation && JSON.stringify(allocationResponse(machine.allocation)).slice(1, -1),
    log: JSON.stringify(eventsResponse(containers.get(machine.id)).log),
  }));
}

/** By id, so that two lists that keep the same do not wait for each other in a circle. */
async function keep(db: Db, texts: readonly Text[]): Promise<void> {
  if (texts.length === 0) return;
  const column = (name: keyof Text) => sql`${texts.map((text) => text[name])}::text[]`;
  await db.transaction().execute(async (tx) => {
    await sql`set local lock_timeout = ${sql.lit(KEEP_TIMEOUT)}`.execute(tx);
    await sql`
      insert into machine_texts (machine_id, version, machine, allocation, log)
      select * from unnest(${column("machine_id")}, ${column("version")}, ${column("machine")}, ${column("allocation")},
        ${column("log")}) as t (id) order by id
      on conflict (machine_id) do update set version = excluded.version, machine = excluded.machine,
        allocation = excluded.allocation, log = excluded.log`.execute(tx);
  });
}

async function linesOf(db: Db, query: MachineQuery, after: string | undefined, limit: number): Promise<Line[]> {
  const machines = db
    .selectFrom("machines")
    .leftJoin("allocations", "allocations.machine_id", "machines.id")
    .select(["machines.id", "partition_id", "size_id", "state_value", "disks", "waiting_until", "answer_version"])
    .where((where) => where.and(machineConditions(query)))
    .orderBy("machines.id")
    .$if(after !== undefined, (select) => select.where("machines.id", ">", after!))
    .limit(limit);
  // Each "limit 1" and "offset 0" keeps PostgreSQL from joining whole tables for a page.
  const { rows } = await sql<Line>`
    select m.id, m.partition_id, m.size_id, a.image_id, m.state_value, m.disks, ${unixTime("m.waiting_until")},
      ${unixTime("h.last_event_time", "heard_at")}, h.last_error_event, h.crash_loop, h.failed_machine_reclaim,
      v.version, t.machine, t.allocation, t.log
    from (${machines}) m
    left join lateral (select uuid, xmin, image_id from allocations where machine_id = m.id limit 1) a on true
    left join lateral (select * from provisioning_states where machine_id = m.id limit 1) h on true
    cross join lateral (
      select concat_ws(' ', ${TEXT_FORMAT}::int, m.answer_version, a.uuid, a.xmin,
        (select max(e.id) from provisioning_events e where e.machine_id = m.id)) as version offset 0) v
    left join lateral (
      select * from machine_texts where machine_id = m.id and version = v.version limit 1) t on true
    order by m.id`.execute(db);
  return rows;
}

function unixTime(column: string, name = column.replace(/^.*\./, "")): RawBuilder<number | null> {
  return sql`(extract(epoch from ${sql.ref(column)}) * 1000)::float8 as ${sql.id(name)}`;
}
