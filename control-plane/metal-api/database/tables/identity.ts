// How a machine that boots proves who it is.
import type { Timestamp } from "@metal-stack/database";

export interface TicketsTable {
  hash: Buffer;
  machine_id: string;
  partition_id: string;
  created: Timestamp;
  expires: Date;
  used: Date | null;
}

export interface MachineCertificatesTable {
  serial: string;
  machine_id: string;
  issued: Timestamp;
  not_after: Date;
  revoked: Date | null;
}
