// The tables of migrations/ as kysely sees them; schema.test.ts compares both with a real database.
// Here timestamptz is a Date, bigint a number (every one of ours stays far below 2^53), inet and cidr a string.
import type { Kysely, Transaction } from "kysely";
import type { AuditTable } from "./tables/audit.ts";
import type { BmcCommandsTable, BmcLoginsTable, BmcRotationsTable, BmcStreamsTable } from "./tables/bmc.ts";
import type { MachineCertificatesTable, TicketsTable } from "./tables/identity.ts";
import type {
  AllocationsTable,
  MachinesTable,
  MachineTextsTable,
  ProvisioningEventsTable,
  ProvisioningStatesTable,
} from "./tables/machines.ts";
import type { FreeNumbersTable, IpsTable, NetworksTable, NumberPoolsTable } from "./tables/networks.ts";
import type { EraseRecordsTable, EraseVerdictsTable, RecordKeysTable, ReleasesTable } from "./tables/release.ts";
import type { FilesystemLayoutsTable, ImagesTable, PartitionsTable, SizesTable } from "./tables/resources.ts";
import type {
  SizeImageConstraintsTable,
  SizeReservationPartitionsTable,
  SizeReservationsTable,
} from "./tables/size-rules.ts";
import type { SwitchPortsTable, SwitchesTable } from "./tables/switches.ts";

export type { DisksState } from "./tables/machines.ts";
export type { ReleasePhase } from "./tables/release.ts";

export interface Schema {
  partitions: PartitionsTable;
  sizes: SizesTable;
  size_reservations: SizeReservationsTable;
  size_reservation_partitions: SizeReservationPartitionsTable;
  size_image_constraints: SizeImageConstraintsTable;
  images: ImagesTable;
  filesystem_layouts: FilesystemLayoutsTable;
  networks: NetworksTable;
  ips: IpsTable;
  machines: MachinesTable;
  machine_texts: MachineTextsTable;
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
