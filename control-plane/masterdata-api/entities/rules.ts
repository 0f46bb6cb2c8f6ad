// What holds for every entity, whatever its kind. Pure.
import { create, type MessageShape } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { masterdata } from "@metal-stack/protocol";
import { invalid } from "../errors.ts";

export type Meta = MessageShape<typeof masterdata.MetaSchema>;

const API_VERSION = "v1";

/** Ids stand in indexes, whose entries PostgreSQL limits to 2704 bytes. Bytes of UTF-8. */
const ID_LIMIT_BYTES = 512;
/** Of a whole entity; its annotations are for notes, not for files. Bytes of protobuf. */
const ENTITY_LIMIT_BYTES = 256 * 1_024;

/** The meta of an entity about to be created: an id when it has none, its kind, version 0, the time. */
export function metaForCreate(kind: string, sent: Meta | undefined, newId: string, now: Timestamp): Meta {
  checkMeta(kind, sent);
  return create(masterdata.MetaSchema, {
    ...(sent ? { annotations: sent.annotations, labels: sent.labels } : {}),
    id: sent?.id || newId,
    kind,
    apiversion: API_VERSION,
    version: 0n,
    createdTime: now,
  });
}

/** The meta of an entity about to be updated: what never changes comes from the stored one. */
export function metaForUpdate(kind: string, sent: Meta, stored: Meta, now: Timestamp): Meta {
  checkMeta(kind, sent);
  return create(masterdata.MetaSchema, {
    annotations: sent.annotations,
    labels: sent.labels,
    id: stored.id,
    kind,
    apiversion: API_VERSION,
    version: sent.version + 1n,
    ...(stored.createdTime ? { createdTime: stored.createdTime } : {}),
    updatedTime: now,
  });
}

function checkMeta(kind: string, meta: Meta | undefined): void {
  if (!meta) return;
  if (meta.kind && meta.kind !== kind)
    throw invalid(`the kind of a ${kind} must be ${JSON.stringify(kind)}, not ${JSON.stringify(meta.kind)}`);
  if (meta.apiversion && meta.apiversion !== API_VERSION)
    throw invalid(
      `the apiversion of a ${kind} must be ${JSON.stringify(API_VERSION)}, not ${JSON.stringify(meta.apiversion)}`,
    );
  checkId("meta.id", meta.id);
  if (meta.version >= BigInt(Number.MAX_SAFE_INTEGER)) throw invalid(`meta.version ${meta.version} is too large`);
}

/** @param field what the text is in the request. Throws INVALID_ARGUMENT when it is too long for an id. */
export function checkId(field: string, id: string): void {
  const bytes = Buffer.byteLength(id);
  if (bytes > ID_LIMIT_BYTES) throw invalid(`${field} has at most ${ID_LIMIT_BYTES} bytes, this one has ${bytes}`);
}

/** Throws INVALID_ARGUMENT. @param bytes of the entity as protobuf */
export function checkSize(kind: string, bytes: number): void {
  if (bytes > ENTITY_LIMIT_BYTES)
    throw invalid(
      `a ${kind} with all its texts, labels and annotations has at most ${ENTITY_LIMIT_BYTES} bytes, this one has ${bytes}; keep what is large elsewhere`,
    );
}

/** A request must carry what it is about. Throws INVALID_ARGUMENT. */
export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw invalid(`the request has no ${what}`);
  return value;
}

/** The id of an entity to update. Throws INVALID_ARGUMENT when it has none. */
export function idForUpdate(kind: string, meta: Meta | undefined): string {
  if (!meta?.id) throw invalid(`an update of a ${kind} needs its meta with id and version`);
  return meta.id;
}
