// What happens to a machine between two tenants.
import type { Json, JsonDefault, Timestamp } from "@metal-stack/database";
import type { Generated } from "kysely";
import type { DiskIdentity, EraseProgress, EraseRecordDocument } from "../documents.ts";

export type ReleasePhase = "reset" | "boot" | "erase" | "done" | "quarantined";

export interface ReleasesTable {
  id: string;
  machine_id: string;
  requested_by: Generated<string>;
  project_id: string | null;
  phase: ReleasePhase;
  reason: Generated<string>;
  attempts: Generated<number>;
  last_error: Generated<string>;
  since: Timestamp;
  deadline: Date | null;
  next_try: Date | null;
  progress: JsonDefault<Record<string, EraseProgress>>;
  created: Timestamp;
  finished: Date | null;
}

export interface EraseVerdictsTable {
  id: string;
  machine_id: string;
  release_id: string;
  allocation_uuid: string | null;
  disks: Json<readonly DiskIdentity[]>;
  accepted: boolean;
  reason: Generated<string>;
  created: Timestamp;
  waived_by: string | null;
}

export interface EraseRecordsTable {
  id: string;
  verdict_id: string;
  machine_id: string;
  good: boolean;
  document: Json<EraseRecordDocument>;
  key_id: string;
  signature: string;
  created: Timestamp;
}

export interface RecordKeysTable {
  id: string;
  public_key: string;
  created: Timestamp;
}
