import type { SizeReservationResponse, SizeReservationUsageResponse } from "@metal-stack/api-schema";
import type { SizeReservationRow, UsageRow } from "./store.ts";

type Common = Pick<UsageRow, "id" | "name" | "description" | "labels" | "size_id" | "project_id" | "amount">;

const common = (row: Common) => ({
  id: row.id,
  name: row.name,
  description: row.description,
  ...(Object.keys(row.labels).length === 0 ? {} : { labels: row.labels }),
  sizeid: row.size_id,
  projectid: row.project_id,
  amount: row.amount,
});

export function sizeReservationResponse(row: SizeReservationRow): SizeReservationResponse {
  return {
    ...common(row),
    partitionids: [...row.partition_ids],
    created: row.created.toISOString(),
    changed: row.changed.toISOString(),
  };
}

export function usageResponse(row: UsageRow): SizeReservationUsageResponse {
  return {
    ...common(row),
    partitionid: row.partition_id,
    usedamount: row.used,
    projectallocations: row.allocations,
  };
}
