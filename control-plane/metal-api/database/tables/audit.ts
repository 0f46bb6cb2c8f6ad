import type { JsonOrNull, ReadOnly, Timestamp } from "@metal-stack/database";
import type { Generated } from "kysely";

export interface AuditTable {
  id: ReadOnly<number>;
  time: Timestamp;
  component: Generated<string>;
  rqid: string;
  type: string;
  user: string;
  tenant: string;
  detail: string;
  phase: string;
  path: string;
  forwarded_for: Generated<string>;
  remote_addr: Generated<string>;
  machine_id: Generated<string>;
  body: JsonOrNull<unknown>;
  status_code: Generated<number>;
  error: Generated<string>;
}
