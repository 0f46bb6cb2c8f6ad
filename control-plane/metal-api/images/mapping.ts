import type { ImageResponse } from "@metal-stack/api-schema";
import type { ImageRow } from "./store.ts";

/** @param usedby machines, when they were asked for and there are any */
export function imageResponse(row: ImageRow, usedby?: string[]): ImageResponse {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    url: row.url,
    features: row.features,
    expirationDate: row.expiration_date.toISOString(),
    classification: row.classification,
    ...(row.sha256 === null ? {} : { sha256: row.sha256 }),
    ...(usedby === undefined ? {} : { usedby }),
    created: row.created.toISOString(),
    changed: row.changed.toISOString(),
  };
}
