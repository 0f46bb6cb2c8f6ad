// Entities as documents: created, updated under an optimistic lock, deleted, found, and as they were at any time.
import { randomUUID } from "node:crypto";
import { fromJson, toJson, type DescMessage, type JsonValue, type MessageShape } from "@bufbuild/protobuf";
import { json } from "@metal-stack/database";
import { sql } from "kysely";
import type { Db, Document, Schema, Tx } from "../database/schema.ts";
import { alreadyExists, invalid, notFound, staleVersion } from "../errors.ts";
import { metaForCreate, metaForUpdate, type Meta } from "./rules.ts";

export type EntityTableName = Exclude<keyof Schema, "history">;
export type Entity<Desc extends DescMessage> = MessageShape<Desc> & { meta?: Meta | undefined };

/** Equality on top-level fields, containment of labels and annotations; absent means any. */
export interface Filter {
  readonly id?: string | undefined;
  readonly fields?: Readonly<Record<string, string | undefined>>;
  readonly labels?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Page {
  readonly page?: bigint | undefined;
  readonly count?: bigint | undefined;
}

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 10_000;
const UNIQUE_VIOLATION = "23505";

export class EntityStore<Desc extends DescMessage> {
  readonly #table: EntityTableName;
  readonly #desc: Desc;
  readonly kind: string;

  /** @param kind as it stands in the meta: "Project", "Tenant", … */
  constructor(table: EntityTableName, desc: Desc, kind: string) {
    this.#table = table;
    this.#desc = desc;
    this.kind = kind;
  }

  /** @throws ALREADY_EXISTS for an id in use, INVALID_ARGUMENT for a wrong kind or apiversion */
  async create(tx: Tx, entity: Entity<Desc>): Promise<Entity<Desc>> {
    const meta = metaForCreate(this.kind, entity.meta, randomUUID(), new Date());
    const created = { ...entity, meta };
    try {
      await tx
        .insertInto(this.#table)
        .values({ id: meta.id, version: 0, document: json(this.#document(created)) })
        .execute();
    } catch (error) {
      if ((error as { code?: string }).code === UNIQUE_VIOLATION) throw alreadyExists(this.kind, meta.id);
      throw error;
    }
    await this.#record(tx, "C", created);
    return created;
  }

  /**
   * Replaces the entity. The stored version becomes the sent one plus one.
   * @throws NOT_FOUND, or FAILED_PRECONDITION when the stored version is newer than the sent one
   */
  async update(tx: Tx, entity: Entity<Desc>): Promise<Entity<Desc>> {
    if (!entity.meta?.id) throw invalid(`an update of a ${this.kind} needs its meta with id and version`);
    // The row lock makes check and write one step: of two updates with one version only the first passes.
    const row = await tx
      .selectFrom(this.#table)
      .select(["version", "document"])
      .where("id", "=", entity.meta.id)
      .forUpdate()
      .executeTakeFirst();
    if (!row) throw notFound(this.kind, entity.meta.id);
    const sent = Number(entity.meta.version);
    if (sent < row.version) throw staleVersion(this.kind, entity.meta.id, row.version, sent);
    const stored = this.#message(row.document);
    const updated = { ...entity, meta: metaForUpdate(this.kind, entity.meta, stored.meta!, new Date()) };
    await tx
      .updateTable(this.#table)
      .set({ version: sent + 1, document: json(this.#document(updated)) })
      .where("id", "=", updated.meta.id)
      .execute();
    await this.#record(tx, "U", updated);
    return updated;
  }

  /** Returns what was deleted. @throws NOT_FOUND */
  async delete(tx: Tx, id: string): Promise<Entity<Desc>> {
    const row = await tx.deleteFrom(this.#table).where("id", "=", id).returning("document").executeTakeFirst();
    if (!row) throw notFound(this.kind, id);
    const deleted = this.#message(row.document);
    await this.#record(tx, "D", deleted);
    return deleted;
  }

  /** @throws NOT_FOUND */
  async get(db: Db, id: string, options: { lock?: boolean } = {}): Promise<Entity<Desc>> {
    let query = db.selectFrom(this.#table).select("document").where("id", "=", id);
    if (options.lock) query = query.forUpdate();
    const row = await query.executeTakeFirst();
    if (!row) throw notFound(this.kind, id);
    return this.#message(row.document);
  }

  /** The entity as it was at a time; after a deletion its last content, as the original. @throws NOT_FOUND before its creation */
  async asOf(db: Db, id: string, at: Date): Promise<Entity<Desc>> {
    const row = await db
      .selectFrom("history")
      .select("document")
      .where("kind", "=", this.kind)
      .where("id", "=", id)
      .where("at", "<=", at)
      .orderBy("at", "desc")
      .orderBy("sequence", "desc")
      .limit(1)
      .executeTakeFirst();
    if (!row) throw notFound(this.kind, id);
    return this.#message(row.document);
  }

  /** By id. Without a page everything; `nextPage` only when the caller gave a count and the page came back full. */
  async find(db: Db, filter: Filter, page?: Page): Promise<{ entities: Entity<Desc>[]; nextPage?: bigint }> {
    let query = db.selectFrom(this.#table).select("document").orderBy("id");
    if (filter.id !== undefined) query = query.where("id", "=", filter.id);
    for (const [name, value] of Object.entries(filter.fields ?? {})) {
      // Absent and empty are the same in proto3's JSON form.
      if (value !== undefined) query = query.where(sql<boolean>`coalesce(document ->> ${name}, '') = ${value}`);
    }
    if (filter.labels?.length)
      query = query.where(sql<boolean>`document -> 'meta' -> 'labels' @> ${JSON.stringify(filter.labels)}::jsonb`);
    if (Object.keys(filter.annotations ?? {}).length > 0) {
      query = query.where(
        sql<boolean>`document -> 'meta' -> 'annotations' @> ${JSON.stringify(filter.annotations)}::jsonb`,
      );
    }
    if (page && (page.page !== undefined || page.count !== undefined)) {
      const size = Number(page.count ?? BigInt(DEFAULT_PAGE_SIZE));
      if (size < 1 || size > MAX_PAGE_SIZE) throw invalid(`a page has 1 to ${MAX_PAGE_SIZE} entries, not ${size}`);
      query = query.limit(size).offset(Number(page.page ?? 0n) * size);
      const entities = (await query.execute()).map((row) => this.#message(row.document));
      return {
        entities,
        ...(page.count !== undefined && entities.length === size ? { nextPage: (page.page ?? 0n) + 1n } : {}),
      };
    }
    return { entities: (await query.execute()).map((row) => this.#message(row.document)) };
  }

  async count(db: Db, fields: Readonly<Record<string, string>>): Promise<number> {
    let query = db.selectFrom(this.#table).select((expression) => expression.fn.countAll<number>().as("count"));
    for (const [name, value] of Object.entries(fields))
      query = query.where(sql<boolean>`document ->> ${name} = ${value}`);
    return (await query.executeTakeFirstOrThrow()).count;
  }

  async #record(tx: Tx, op: "C" | "U" | "D", entity: Entity<Desc>): Promise<void> {
    await tx
      .insertInto("history")
      .values({ kind: this.kind, id: entity.meta!.id, op, document: json(this.#document(entity)) })
      .execute();
  }

  #document(entity: Entity<Desc>): Document {
    return toJson(this.#desc, entity, { useProtoFieldName: true }) as Document;
  }

  #message(document: Document): Entity<Desc> {
    return fromJson(this.#desc, document as JsonValue, { ignoreUnknownFields: true }) as Entity<Desc>;
  }
}
