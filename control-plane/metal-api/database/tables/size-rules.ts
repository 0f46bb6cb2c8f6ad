// What holds for machines of a size: for whom they are kept, and which images they run.
import type { JsonDefault } from "@metal-stack/database";
import type { Entity } from "./entity.ts";

export interface SizeReservationsTable extends Entity {
  labels: JsonDefault<Record<string, string>>;
  size_id: string;
  project_id: string;
  amount: number;
}

export interface SizeReservationPartitionsTable {
  reservation_id: string;
  partition_id: string;
  ordinal: number;
}

export interface SizeImageConstraintsTable extends Entity {
  images: JsonDefault<Record<string, string>>;
}
