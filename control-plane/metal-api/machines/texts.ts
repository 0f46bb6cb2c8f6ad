// The JSON of machines, kept while they do not change: making it from rows costs a list most of its time. Kept are the parts
// that seldom change and are long, the machine itself and its log; what depends on the time is added each time.
import { sql } from "kysely";
import type { Context } from "../context.ts";
import type { Db } from "../database/schema.ts";
import type { EventContainer } from "../provisioning/events.ts";
import { containerOf } from "../provisioning/store.ts";
import type { Page } from "./lists.ts";
import { eventsResponse, livingResponse, stillResponse } from "./mapping.ts";
import { machineConditions, type MachineQuery } from "./query.ts";
import { referencesOf } from "./references.ts";
import type { AvailabilityFacts } from "./rules-availability.ts";
import { machinesByIds } from "./store.ts";

/** Machines made from rows at once: takes some milliseconds, and other requests are served between. */
const MADE_AT_ONCE = 250;

interface Kept {
  /** Changes with everything that {@link text} and {@link log} are made of. */
  readonly version: string;
  /** An object without its closing brace. */
  readonly text: string;
  /** A list. */
  readonly log: string;
}

/** What a machine's text depends on, read anew for each list. */
interface Line {
  readonly id: string;
  readonly version: string;
  readonly facts: Omit<AvailabilityFacts, "waiting" | "alive"> & { readonly waitingUntil: Date | null };
  /** Without its events. */
  readonly heard: EventContainer | undefined;
}

/** Of one database. What does not fit into `capacity` is made anew for each list. */
export class MachineTexts {
  readonly #kept = new Map<string, Kept>();
  #characters = 0;
  #references = "";

  readonly #context: Pick<Context, "db" | "clock">;
  readonly #capacity: number;

  /** @param capacity characters */
  constructor(context: Pick<Context, "db" | "clock">, capacity: number) {
    this.#context = context;
    this.#capacity = capacity;
  }

  /** At most `limit` machines that match, by id, from after that id on. */
  async page(query: MachineQuery, after: string | undefined, limit: number): Promise<Page> {
    const { db } = this.#context;
    // Versions first: a text may be newer than its version, which makes it once too often, never older.
    const [lines] = await Promise.all([linesOf(db, query, after, limit), this.#forgetWhenReferencesChanged()]);
    const references = this.#references;
    return { text: () => this.#textOf(lines, references), last: lines.length < limit ? undefined : lines.at(-1)!.id };
  }

  async #textOf(lines: readonly Line[], references: string): Promise<string> {
    const missing = lines.filter(({ id, version }) => this.#kept.get(id)?.version !== version);
    const made = new Map<string, Kept>();
    for (let at = 0; at < missing.length; at += MADE_AT_ONCE)
      for (const [id, kept] of await this.#make(missing.slice(at, at + MADE_AT_ONCE), references)) made.set(id, kept);
    const now = this.#context.clock();
    const texts = lines.flatMap((line) => {
      const kept = made.get(line.id) ?? this.#kept.get(line.id);
      return kept ? whole(kept, line, now) : [];
    });
    return texts.join();
  }

  async #make(lines: readonly Line[], generation: string): Promise<Map<string, Kept>> {
    const { db } = this.#context;
    const machines = await machinesByIds(
      db,
      lines.map(({ id }) => id),
    );
    const references = await referencesOf(db, machines);
    const versions = new Map(lines.map(({ id, version }) => [id, version]));
    return new Map(
      machines.map((machine) => {
        const kept = {
          version: versions.get(machine.id)!,
          text: JSON.stringify(stillResponse(machine, references)).slice(0, -1),
          log: JSON.stringify(eventsResponse(references.containers.get(machine.id)).log),
        };
        // Not when somebody else saw newer references than these meanwhile.
        if (this.#references === generation) this.#keep(machine.id, kept);
        return [machine.id, kept];
      }),
    );
  }

  #keep(id: string, kept: Kept): void {
    const size = ({ text, log }: Kept) => text.length + log.length;
    const before = this.#kept.get(id);
    const characters = this.#characters + size(kept) - (before ? size(before) : 0);
    // A list longer than the capacity would throw out each machine just before its turn: those that are in stay.
    if (characters > this.#capacity) return;
    this.#kept.set(id, kept);
    this.#characters = characters;
  }

  async #forgetWhenReferencesChanged(): Promise<void> {
    const { rows } = await sql<{ versions: string | null }>`
      select md5(string_agg(version, ',' order by version)) as versions from (
        select 'partition ' || id || ' ' || xmin as version from partitions
        union all select 'size ' || id || ' ' || xmin from sizes
        union all select 'image ' || id || ' ' || xmin from images) as r`.execute(this.#context.db);
    const references = rows[0]?.versions ?? "";
    if (references === this.#references) return;
    this.#kept.clear();
    this.#characters = 0;
    this.#references = references;
  }
}

async function linesOf(db: Db, query: MachineQuery, after: string | undefined, limit: number): Promise<Line[]> {
  // The machines first, then what belongs to these few: together PostgreSQL may join whole tables for each page.
  const machines = db
    .selectFrom("machines")
    .leftJoin("allocations", "allocations.machine_id", "machines.id")
    .select(["machines.id", "state_value", "disks", "waiting_until", "answer_version"])
    .where((where) => where.and(machineConditions(query)))
    .orderBy("machines.id")
    .$if(after !== undefined, (select) => select.where("machines.id", ">", after!))
    .limit(limit);
  const rows = await db
    .selectFrom(machines.as("m"))
    .leftJoin("allocations as a", "a.machine_id", "m.id")
    .leftJoin("provisioning_states as heard", "heard.machine_id", "m.id")
    .select([
      "m.id",
      "m.state_value",
      "m.disks",
      "m.waiting_until",
      "heard.last_event_time",
      "heard.last_error_event",
      "heard.crash_loop",
      "heard.failed_machine_reclaim",
      sql<boolean>`a.uuid is not null`.as("allocated"),
      sql<string>`concat_ws(' ', m.answer_version, a.uuid, a.xmin,
        (select max(e.id) from provisioning_events e where e.machine_id = m.id))`.as("version"),
    ])
    .orderBy("m.id")
    .execute();
  return rows.map(({ id, version, allocated, state_value, disks, waiting_until, crash_loop, ...heard }) => ({
    id,
    version,
    facts: { allocated, state: state_value, disks, waitingUntil: waiting_until },
    heard:
      crash_loop === null
        ? undefined
        : containerOf({ ...heard, crash_loop, failed_machine_reclaim: heard.failed_machine_reclaim ?? false }, []),
  }));
}

function whole({ text, log }: Kept, { facts, heard }: Line, now: Date): string {
  const { events, ...living } = livingResponse(facts, heard, now);
  const { log: _, ...rest } = events;
  return `${text},${JSON.stringify(living).slice(1, -1)},"events":{"log":${log},${JSON.stringify(rest).slice(1)}}`;
}
