import type { JsonOrNull, ReadOnly, Timestamp } from "@metal-stack/database";
import type { Generated } from "kysely";
import type { FirmwareUpdate } from "../documents.ts";

export interface BmcCommandsTable {
  id: string;
  sequence: ReadOnly<number>;
  partition_id: string;
  machine_id: string;
  command: string;
  requested_by: Generated<string>;
  created: Timestamp;
  expires: Date;
  sent: Date | null;
  attempts: Generated<number>;
  done: Date | null;
  error: string | null;
  login_id: string | null;
  started: Date | null;
  firmware: JsonOrNull<FirmwareUpdate>;
}

export interface BmcLoginsTable {
  id: string;
  sequence: ReadOnly<number>;
  machine_id: string;
  user_name: string;
  /** Sealed by secrets/keyring. */
  password: string;
  created: Timestamp;
  applied: Date | null;
  accepted: Date | null;
}

export interface BmcRotationsTable {
  machine_id: string;
  login_id: string | null;
  requested_by: string;
  reason: string;
  since: Date;
  attempts: Generated<number>;
  last_error: Generated<string>;
  next_try: Date | null;
  finished: Date | null;
}

export interface BmcStreamsTable {
  partition_id: string;
  holder: string;
  certificate: string;
  until: Date;
}
