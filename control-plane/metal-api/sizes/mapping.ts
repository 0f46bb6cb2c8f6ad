import type { SizeResponse } from "@metal-stack/api-schema";
import type { SizeConstraint } from "../database/documents.ts";
import type { SizeRow } from "./store.ts";

export function sizeResponse(row: SizeRow): SizeResponse {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    constraints: row.constraints.map(constraintResponse),
    labels: row.labels,
    created: row.created.toISOString(),
    changed: row.changed.toISOString(),
  };
}

/** Zero values are left out, as the original does. */
export function constraintResponse({ type, min, max, identifier }: SizeConstraint): SizeConstraint {
  return { type, ...(min ? { min } : {}), ...(max ? { max } : {}), ...(identifier ? { identifier } : {}) };
}
