// What holds for every entity, whatever its kind. Pure.
import { create, type MessageShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { masterdata } from "@metal-stack/protocol";
import { invalid } from "../errors.ts";

export type Meta = MessageShape<typeof masterdata.MetaSchema>;

const API_VERSION = "v1";

/** An id, a label, an annotation longer than this is a mistake. Characters. */
const TEXT_LIMIT = 1_024;
/** Of all labels and annotations together. Characters. */
const META_LIMIT = 256 * 1_024;

/** The meta of an entity about to be created: an id when it has none, its kind, version 0, the time. */
export function metaForCreate(kind: string, sent: Meta | undefined, newId: string, now: Date): Meta {
  checkMeta(kind, sent);
  return create(masterdata.MetaSchema, {
    ...(sent ? { annotations: sent.annotations, labels: sent.labels } : {}),
    id: sent?.id || newId,
    kind,
    apiversion: API_VERSION,
    version: 0n,
    createdTime: timestampFromDate(now),
  });
}

/** The meta of an entity about to be updated: what never changes comes from the stored one. */
export function metaForUpdate(kind: string, sent: Meta, stored: Meta, now: Date): Meta {
  checkMeta(kind, sent);
  return create(masterdata.MetaSchema, {
    annotations: sent.annotations,
    labels: sent.labels,
    id: stored.id,
    kind,
    apiversion: API_VERSION,
    version: sent.version + 1n,
    ...(stored.createdTime ? { createdTime: stored.createdTime } : {}),
    updatedTime: timestampFromDate(now),
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
  if (meta.id.length > TEXT_LIMIT)
    throw invalid(`an id has at most ${TEXT_LIMIT} characters, this one has ${meta.id.length}`);
  const texts = [...meta.labels, ...Object.entries(meta.annotations).flat()];
  const total = texts.reduce((sum, text) => sum + text.length, 0);
  if (total > META_LIMIT)
    throw invalid(`labels and annotations together have at most ${META_LIMIT} characters, these have ${total}`);
  if ([meta.id, ...texts].some((text) => text.includes("\0")))
    throw invalid("ids, labels and annotations must not contain the character U+0000");
}
