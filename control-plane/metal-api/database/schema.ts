// The tables of migrations/ as kysely sees them; schema.test.ts compares both with a real database.
// Here timestamptz is a Date, bigint a number (every one of ours stays far below 2^53), inet and cidr a string.
import type { Json, JsonDefault, JsonOrNull, ReadOnly, Timestamp } from "@metal-stack/database";
import type { Generated, Kysely, Transaction } from "kysely";
import type {
  BgpPortState,
  Bios,
  BootConfiguration,
  BootInfo,
  DiskIdentity,
  DnsServer,
  EraseProgress,
  EraseRecordDocument,
  ErrorEvent,
  FilesystemLayout,
  FirewallRules,
  Hardware,
  Ipmi,
  LayoutConstraints,
  LayoutDisk,
  LayoutFilesystem,
  LayoutLogicalVolume,
  LayoutRaid,
  LayoutVolumeGroup,
  MachineNetwork,
  NtpServer,
  PortFilter,
  SizeConstraint,
  SwitchOs,
  SwitchSync,
  Vpn,
} from "./documents.ts";

export interface Schema {
  partitions: PartitionsTable;
  sizes: SizesTable;
  images: ImagesTable;
  filesystem_layouts: FilesystemLayoutsTable;
  networks: NetworksTable;
  ips: IpsTable;
  machines: MachinesTable;
  allocations: AllocationsTable;
  provisioning_events: ProvisioningEventsTable;
  provisioning_states: ProvisioningStatesTable;
  switches: SwitchesTable;
  switch_ports: SwitchPortsTable;
  tickets: TicketsTable;
  machine_certificates: MachineCertificatesTable;
  bmc_commands: BmcCommandsTable;
  bmc_streams: BmcStreamsTable;
  bmc_logins: BmcLoginsTable;
  bmc_rotations: BmcRotationsTable;
  releases: ReleasesTable;
  erase_verdicts: EraseVerdictsTable;
  erase_records: EraseRecordsTable;
  record_keys: RecordKeysTable;
  audit: AuditTable;
  number_pools: NumberPoolsTable;
  free_numbers: FreeNumbersTable;
}

/** The database or a transaction in it: what every store function takes first. */
export type Db = Kysely<Schema>;

/** A transaction: what a store function takes whose statements are only right together. */
export type Tx = Transaction<Schema>;

/** What every entity of the API has. */
interface Entity {
  id: string;
  name: Generated<string>;
  description: Generated<string>;
  created: Timestamp;
  changed: Timestamp;
  version: Generated<number>;
}

interface PartitionsTable extends Entity {
  labels: JsonDefault<Record<string, string>>;
  mgmt_service_address: Generated<string>;
  boot_configuration: JsonDefault<BootConfiguration>;
  dns_servers: JsonDefault<readonly DnsServer[]>;
  ntp_servers: JsonDefault<readonly NtpServer[]>;
}

interface SizesTable extends Entity {
  labels: JsonDefault<Record<string, string>>;
  constraints: JsonDefault<readonly SizeConstraint[]>;
}

interface ImagesTable extends Entity {
  url: string;
  features: Generated<string[]>;
  classification: Generated<string>;
  expiration_date: Date;
  os: string;
  version_text: string;
  sha256: string | null;
}

interface FilesystemLayoutsTable extends Entity {
  constraints: JsonDefault<LayoutConstraints>;
  filesystems: JsonDefault<readonly LayoutFilesystem[]>;
  disks: JsonDefault<readonly LayoutDisk[]>;
  raid: JsonDefault<readonly LayoutRaid[]>;
  volume_groups: JsonDefault<readonly LayoutVolumeGroup[]>;
  logical_volumes: JsonDefault<readonly LayoutLogicalVolume[]>;
}

interface NetworksTable extends Entity {
  labels: JsonDefault<Record<string, string>>;
  partition_id: string | null;
  project_id: string | null;
  parent_network_id: string | null;
  prefixes: Generated<string[]>;
  destination_prefixes: Generated<string[]>;
  default_child_prefix_length: JsonDefault<{ IPv4?: number; IPv6?: number }>;
  additional_announcable_cidrs: Generated<string[]>;
  vrf: number | null;
  vrf_shared: Generated<boolean>;
  nat: Generated<boolean>;
  private_super: Generated<boolean>;
  underlay: Generated<boolean>;
  shared: Generated<boolean>;
}

interface IpsTable {
  ip: string;
  prefix: string;
  network_id: string;
  project_id: string;
  name: Generated<string>;
  description: Generated<string>;
  type: "static" | "ephemeral";
  tags: Generated<string[]>;
  allocation_uuid: string;
  created: Timestamp;
  changed: Timestamp;
  version: Generated<number>;
}

/** Where a machine's disks are between two tenants. */
export type DisksState = "unknown" | "erasing" | "erased" | "in-use" | "quarantined";

interface MachinesTable extends Entity {
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
  ended_allocation: string | null;
  allocation_ended: Date | null;
}

interface AllocationsTable {
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

interface ProvisioningEventsTable {
  id: ReadOnly<number>;
  machine_id: string;
  time: Timestamp;
  event: string;
  message: Generated<string>;
}

interface ProvisioningStatesTable {
  machine_id: string;
  last_event_time: Date | null;
  last_error_event: JsonOrNull<ErrorEvent>;
  crash_loop: Generated<boolean>;
  failed_machine_reclaim: Generated<boolean>;
}

interface SwitchesTable extends Entity {
  partition_id: string;
  rack_id: Generated<string>;
  mode: Generated<string>;
  os: JsonDefault<SwitchOs>;
  management_ip: Generated<string>;
  management_user: Generated<string>;
  console_command: Generated<string>;
  generation: Generated<number>;
  applied_generation: Generated<number>;
  last_sync: JsonOrNull<SwitchSync>;
  last_sync_error: JsonOrNull<SwitchSync>;
}

interface SwitchPortsTable {
  switch_id: string;
  name: string;
  mac: Generated<string>;
  identifier: Generated<string>;
  vrf: Generated<string>;
  filter: JsonDefault<PortFilter>;
  admin_status: Generated<"" | "UP" | "DOWN">;
  actual: Generated<"UP" | "DOWN" | "UNKNOWN">;
  bgp_state: JsonOrNull<BgpPortState>;
  machine_id: string | null;
}

interface TicketsTable {
  hash: Buffer;
  machine_id: string;
  partition_id: string;
  created: Timestamp;
  expires: Date;
  used: Date | null;
}

interface MachineCertificatesTable {
  serial: string;
  machine_id: string;
  issued: Timestamp;
  not_after: Date;
  revoked: Date | null;
}

interface BmcCommandsTable {
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
}

interface BmcLoginsTable {
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

interface BmcRotationsTable {
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

interface BmcStreamsTable {
  partition_id: string;
  holder: string;
  certificate: string;
  until: Date;
}

export type ReleasePhase = "reset" | "boot" | "erase" | "done" | "quarantined";

interface ReleasesTable {
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

interface EraseVerdictsTable {
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

interface EraseRecordsTable {
  id: string;
  verdict_id: string;
  machine_id: string;
  good: boolean;
  document: Json<EraseRecordDocument>;
  key_id: string;
  signature: string;
  created: Timestamp;
}

interface RecordKeysTable {
  id: string;
  public_key: string;
  created: Timestamp;
}

interface AuditTable {
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

interface NumberPoolsTable {
  pool: string;
  first: number;
  next: number;
  last: number;
}

interface FreeNumbersTable {
  pool: string;
  number: number;
}
