import type { Json, JsonDefault, JsonOrNull, ReadOnly, Timestamp } from "@metal-stack/database";
import type { Generated } from "kysely";
import type {
  Bios,
  BootInfo,
  DnsServer,
  ErrorEvent,
  FilesystemLayout,
  FirewallRules,
  Hardware,
  Ipmi,
  MachineNetwork,
  NtpServer,
  Vpn,
} from "../documents.ts";
import type { Entity } from "./entity.ts";

/** Where a machine's disks are between two tenants. */
export type DisksState = "unknown" | "erasing" | "erased" | "in-use" | "quarantined";

export interface MachinesTable extends Entity {
  partition_id: string | null;
  rack_id: Generated<string>;
  size_id: Generated<string>;
  tags: Generated<string[]>;
  hardware: JsonOrNull<Hardware>;
  bios: JsonOrNull<Bios>;
  ipmi: JsonOrNull<Ipmi>;
  led_value: Generated<string>;
  led_description: Generated<string>;
  state_value: Generated<"" | "TAINTED" | "LOCKED">;
  state_description: Generated<string>;
  state_issuer: Generated<string>;
  hammer_version: Generated<string>;
  waiting_until: Date | null;
  disks: Generated<DisksState>;
  disks_reason: Generated<string>;
  disks_since: Timestamp;
  /** When metal-bmc of its partition last reported its BMC. */
  bmc_seen: Date | null;
  /** Renewed with all but what changes every minute; see machines/texts.ts. */
  answer_version: Generated<number>;
  ended_allocation: string | null;
  allocation_ended: Date | null;
}

export interface AllocationsTable {
  uuid: string;
  machine_id: string;
  creator: string;
  created: Timestamp;
  name: Generated<string>;
  description: Generated<string>;
  project_id: string;
  image_id: string;
  filesystem_layout: Json<FilesystemLayout>;
  networks: Json<readonly MachineNetwork[]>;
  hostname: Generated<string>;
  ssh_pub_keys: Generated<string[]>;
  user_data: Generated<string>;
  /** Sealed by secrets/keyring. */
  console_password: string | null;
  succeeded: Generated<boolean>;
  reinstall: Generated<boolean>;
  /** A hammer said that it is about to touch a disk, and has not installed since. */
  old_system_lost: Generated<boolean>;
  boot_info: JsonOrNull<BootInfo>;
  installed: Date | null;
  role: "machine" | "firewall";
  vpn: JsonOrNull<Vpn>;
  firewall_rules: JsonOrNull<FirewallRules>;
  dns_servers: JsonDefault<readonly DnsServer[]>;
  ntp_servers: JsonDefault<readonly NtpServer[]>;
  asn: number;
  idempotency_key: string | null;
  idempotency_hash: string | null;
}

export interface ProvisioningEventsTable {
  id: ReadOnly<number>;
  machine_id: string;
  time: Timestamp;
  event: string;
  message: Generated<string>;
}

export interface ProvisioningStatesTable {
  machine_id: string;
  last_event_time: Date | null;
  last_error_event: JsonOrNull<ErrorEvent>;
  crash_loop: Generated<boolean>;
  failed_machine_reclaim: Generated<boolean>;
}

/** Parts of the JSON of machines, kept for lists; see machines/texts.ts. */
export interface MachineTextsTable {
  machine_id: string;
  version: string;
  machine: string;
  allocation: string | null;
  log: string;
}
