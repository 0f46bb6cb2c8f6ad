// Entities as documents: created, updated under an optimistic lock, deleted, found, and as they were at any time.
// An entity and its entry in the history are written by one statement, with the same time.
import { randomUUID } from "node:crypto";
import { fromJson, toBinary, toJson, type DescMessage, type JsonValue, type MessageShape } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { json } from "@metal-stack/database";
import { sql } from "kysely";
import type { Db, Document, Schema, Tx } from "../database/schema.ts";
import { alreadyExists, notFound, staleVersion } from "../errors.ts";
import { type Filter, type Page, pageOf, patternOf } from "./rules-find.ts";
import { microsOf, timestampOf, timeText } from "./rules-time.ts";
import { checkSize, idForUpdate, metaForCreate, metaForUpdate, type Meta } from "./rules.ts";

export type EntityTableName = Exclude<keyof Schema, "history">;
export type Entity<Desc extends DescMessage> = MessageShape<Desc> & { meta?: Meta | undefined };

/** `pointed` keeps what the reader is about to point at, `changed` what he is about to change; until his transaction ends. */
export type Lock = "pointed" | "changed";

const UNIQUE_VIOLATION = "23505";
/** The database's clock, because all replicas share it. */
const NOW = sql<number>`(extract(epoch from clock_timestamp()) * 1000000)::bigint`;

export class EntityStore<Desc extends DescMessage> {
  readonly #table: EntityTableName;
  readonly desc: Desc;
  readonly kind: string;

  /** @param kind as it stands in the meta: "Project", "Tenant", … */
  constructor(table: EntityTableName, desc: Desc, kind: string) {
    this.#table = table;
    this.desc = desc;
    this.kind = kind;
  }

  /** @throws ALREADY_EXISTS for an id in use, INVALID_ARGUMENT for a wrong kind or apiversion, or what is too long */
  async create(tx: Tx, entity: Entity<Desc>): Promise<Entity<Desc>> {
    const id = entity.meta?.id || randomUUID();
    // The time is the database's to say, and later than all that is known of an earlier entity with this id.
    const meta = metaForCreate(this.kind, entity.meta, id, timestampOf(0));
    const document = this.#document({ ...entity, meta });
    try {
      const { rows } = await sql<{ born: number }>`
        with moment as (
          select greatest(clock_timestamp(), (
            select max(at) + interval '1 microsecond' from history where kind = ${this.kind} and id = ${id})) as at
        ), written as (
          insert into ${sql.table(this.#table)} (id, version, document)
          select ${id}, 0, jsonb_set(${document}::jsonb, '{meta,created_time}',
            to_jsonb(to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))
          from moment returning document
        )
        insert into history (kind, id, op, at, document) select ${this.kind}, ${id}, 'C', at, document from moment, written
        returning (extract(epoch from at) * 1000000)::bigint as born`.execute(tx);
      return { ...entity, meta: { ...meta, createdTime: timestampOf(rows[0]!.born) } };
    } catch (error) {
      if ((error as { code?: string }).code === UNIQUE_VIOLATION) throw alreadyExists(this.kind, id);
      throw error;
    }
  }

  /**
   * Replaces the entity. The stored version becomes the sent one plus one.
   * @throws NOT_FOUND, or FAILED_PRECONDITION when the stored version is newer than the sent one
   */
  async update(tx: Tx, entity: Entity<Desc>): Promise<Entity<Desc>> {
    const id = idForUpdate(this.kind, entity.meta);
    const meta = entity.meta!;
    // The row lock makes check and write one step: of two updates with one version only the first passes.
    const row = await tx
      .selectFrom(this.#table)
      .select(["version", "document", NOW.as("now")])
      .where("id", "=", id)
      .forUpdate()
      .executeTakeFirst();
    if (!row) throw notFound(this.kind, id);
    if (meta.version < row.version) throw staleVersion(this.kind, id, row.version, Number(meta.version));
    const stored = this.#message(row.document).meta!;
    const now = timestampOf(Math.max(row.now, after(stored)));
    const updated = { ...entity, meta: metaForUpdate(this.kind, meta, stored, now) };
    const document = this.#document(updated);
    await tx
      .with("written", (query) =>
        query
          .updateTable(this.#table)
          .set({ version: Number(meta.version) + 1, document })
          .where("id", "=", id),
      )
      .insertInto("history")
      .values({ kind: this.kind, id, op: "U", at: timeText(now), document })
      .execute();
    return updated;
  }

  /** Returns what was deleted. @throws NOT_FOUND */
  async delete(tx: Tx, id: string): Promise<Entity<Desc>> {
    const [deleted] = await this.deleteWhere(tx, { id });
    if (!deleted) throw notFound(this.kind, id);
    return deleted;
  }

  /** Deletes all that have one of these values, in the order of their ids as everybody does. Returns what was deleted. */
  async deleteWhere(tx: Tx, anyOf: Readonly<Record<string, string>>): Promise<Entity<Desc>[]> {
    const table = sql.table(this.#table);
    const matches = Object.entries(anyOf).map(([column, value]) => sql`${sql.ref(column)} = ${value}`);
    const { rows } = await sql<{ document: Document }>`
      with gone as (
        delete from ${table}
        where id in (select id from ${table} where ${sql.join(matches, sql` or `)} order by id for update)
        returning id, document
      )
      insert into history (kind, id, op, at, document)
      select ${this.kind}, id, 'D', greatest(clock_timestamp(), interval '1 microsecond' + coalesce(
        document -> 'meta' ->> 'updated_time', document -> 'meta' ->> 'created_time')::timestamptz), document
      from gone
      returning document`.execute(tx);
    return rows.map((row) => this.#message(row.document));
  }

  /** @throws NOT_FOUND */
  async get(db: Db, id: string, lock?: Lock): Promise<Entity<Desc>> {
    let query = db.selectFrom(this.#table).select("document").where("id", "=", id);
    if (lock === "changed") query = query.forUpdate();
    if (lock === "pointed") query = query.forKeyShare();
    const row = await query.executeTakeFirst();
    if (!row) throw notFound(this.kind, id);
    return this.#message(row.document);
  }

  /**
   * The entity as it was at a time: with the changes made at that very microsecond. After a deletion its last content,
   * as the original. @throws NOT_FOUND before its creation
   */
  async asOf(db: Db, id: string, at: Timestamp): Promise<Entity<Desc>> {
    const row = await db
      .selectFrom("history")
      .select("document")
      .where("kind", "=", this.kind)
      .where("id", "=", id)
      .where(sql<boolean>`at <= ${timeText(at)}::timestamptz`)
      .orderBy("at", "desc")
      .orderBy("sequence", "desc")
      .limit(1)
      .executeTakeFirst();
    if (!row) throw notFound(this.kind, id);
    return this.#message(row.document);
  }

  /** Ordered by id. Without a page everything; `nextPage` only when the caller gave a count and the page came back full. */
  async find(db: Db, filter: Filter, page?: Page): Promise<{ entities: Entity<Desc>[]; nextPage?: bigint }> {
    let query = db.selectFrom(this.#table).select("document").orderBy("id");
    for (const [column, value] of Object.entries(filter.columns ?? {}))
      if (value !== undefined) query = query.where(sql<boolean>`${sql.ref(column)} = ${value}`);
    if (filter.namespace !== undefined)
      query = query.where(sql<boolean>`coalesce(document ->> 'namespace', '') = ${filter.namespace}`);
    const pattern = patternOf(filter);
    if (pattern) query = query.where(sql<boolean>`document @> ${json(pattern)}::jsonb`);
    const part = page && pageOf(page);
    if (part) query = query.limit(part.size).offset(part.offset);
    const entities = (await query.execute()).map((row) => this.#message(row.document));
    return part?.nextPage !== undefined && entities.length === part.size
      ? { entities, nextPage: part.nextPage }
      : { entities };
  }

  async count(db: Db, column: string, value: string): Promise<number> {
    const { count } = await db
      .selectFrom(this.#table)
      .select((from) => from.fn.countAll<number>().as("count"))
      .where(sql<boolean>`${sql.ref(column)} = ${value}`)
      .executeTakeFirstOrThrow();
    return count;
  }

  #document(entity: Entity<Desc>) {
    checkSize(this.kind, toBinary(this.desc, entity).length);
    return json(toJson(this.desc, entity, { useProtoFieldName: true }) as Document);
  }

  #message(document: Document): Entity<Desc> {
    return fromJson(this.desc, document as JsonValue, { ignoreUnknownFields: true }) as Entity<Desc>;
  }
}

/** Microseconds since 1970: the first moment after the entity's last change, should the clock have gone backwards. */
function after({ createdTime, updatedTime }: Meta): number {
  const last = updatedTime ?? createdTime;
  return last ? microsOf(last) + 1 : 0;
}
