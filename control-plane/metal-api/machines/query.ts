// The search query of machines as SQL (reference/machine-lifecycle.md 2.2). Documents are searched by containment: a
// machine matches when its document contains the small one that a query value stands for.
import type { MachineFindRequest } from "@metal-stack/api-schema";
import { type RawBuilder, type SqlBool, sql } from "kysely";
import { storedState } from "./rules-state.ts";

/** What clients ask for, and what they may see. */
export type MachineQuery = MachineFindRequest & {
  /** Only machines that are allocated to these projects. */
  readonly within?: readonly string[] | undefined;
};

type Key = keyof MachineFindRequest;

/** Key to column of the machine, or of its allocation; without an allocation nothing matches. */
const COLUMNS: Partial<Record<Key, string>> = {
  id: "machines.id",
  name: "machines.name",
  partition_id: "machines.partition_id",
  sizeid: "machines.size_id",
  rackid: "machines.rack_id",
  allocation_name: "allocations.name",
  allocation_project: "allocations.project_id",
  allocation_image_id: "allocations.image_id",
  allocation_hostname: "allocations.hostname",
  allocation_role: "allocations.role",
  allocation_succeeded: "allocations.succeeded",
};

type Document = Readonly<Record<string, unknown>>;

/** What a document must contain to have all these values. */
type Contained = (values: readonly unknown[]) => Document | readonly Document[];

const networks =
  (one: (value: unknown) => Document): Contained =>
  (values) =>
    values.map(one);
const nics =
  (one: (value: unknown) => Document): Contained =>
  (values) => ({ nics: values.map(one) });
const disks =
  (one: (value: unknown) => Document): Contained =>
  (values) => ({ disks: values.map(one) });
const only =
  (key: string): Contained =>
  ([value]) => ({ [key]: value });
const fru =
  (key: string): Contained =>
  ([value]) => ({ fru: { [key]: value } });

/** Key to the column with the document. However many values there are, it is searched once. */
const DOCUMENTS: Partial<Record<Key, readonly [column: string, contained: Contained]>> = {
  network_ids: ["allocations.networks", networks((networkid) => ({ networkid }))],
  network_prefixes: ["allocations.networks", networks((prefix) => ({ prefixes: [prefix] }))],
  network_ips: ["allocations.networks", networks((ip) => ({ ips: [ip] }))],
  network_destination_prefixes: ["allocations.networks", networks((prefix) => ({ destinationprefixes: [prefix] }))],
  network_vrfs: ["allocations.networks", networks((vrf) => ({ vrf }))],
  network_asns: ["allocations.networks", networks((asn) => ({ asn }))],
  hardware_memory: ["machines.hardware", only("memory")],
  nics_mac_addresses: ["machines.hardware", nics((mac) => ({ mac }))],
  nics_names: ["machines.hardware", nics((name) => ({ name }))],
  nics_vrfs: ["machines.hardware", nics((vrf) => ({ vrf }))],
  nics_neighbor_mac_addresses: ["machines.hardware", nics((mac) => ({ neighbors: [{ mac }] }))],
  nics_neighbor_names: ["machines.hardware", nics((name) => ({ neighbors: [{ name }] }))],
  nics_neighbor_vrfs: ["machines.hardware", nics((vrf) => ({ neighbors: [{ vrf }] }))],
  disk_names: ["machines.hardware", disks((name) => ({ name }))],
  disk_sizes: ["machines.hardware", disks((size) => ({ size }))],
  ipmi_address: ["machines.ipmi", only("address")],
  ipmi_mac_address: ["machines.ipmi", only("mac")],
  ipmi_user: ["machines.ipmi", only("user")],
  ipmi_interface: ["machines.ipmi", only("interface")],
  fru_chassis_part_number: ["machines.ipmi", fru("chassis_part_number")],
  fru_chassis_part_serial: ["machines.ipmi", fru("chassis_part_serial")],
  fru_board_mfg: ["machines.ipmi", fru("board_mfg")],
  fru_board_mfg_serial: ["machines.ipmi", fru("board_mfg_serial")],
  fru_board_part_number: ["machines.ipmi", fru("board_part_number")],
  fru_product_manufacturer: ["machines.ipmi", fru("product_manufacturer")],
  fru_product_part_number: ["machines.ipmi", fru("product_part_number")],
  fru_product_serial: ["machines.ipmi", fru("product_serial")],
};

/** A machine that is in no partition has the empty one, as the original stores it; one without allocation has no name of one. */
function equals(column: string, value: unknown): RawBuilder<SqlBool> {
  return value === "" && column === COLUMNS.partition_id
    ? sql<SqlBool>`${sql.ref(column)} is null`
    : sql<SqlBool>`${sql.ref(column)} = ${value}`;
}

/** The conditions over `machines left join allocations`; all must hold. */
export function machineConditions(query: MachineQuery): RawBuilder<SqlBool>[] {
  const conditions = Object.entries(query).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const column = COLUMNS[key as Key];
    if (column !== undefined) return [equals(column, value)];
    const document = DOCUMENTS[key as Key];
    if (!document) return [];
    const [place, contained] = document;
    const values: unknown[] = Array.isArray(value) ? value : [value];
    if (values.length === 0) return [];
    return [sql<SqlBool>`${sql.ref(place)} @> ${JSON.stringify(contained(values))}::jsonb`];
  });
  if (query.within) conditions.push(sql<SqlBool>`allocations.project_id = any(${query.within}::text[])`);
  if (query.tags && query.tags.length > 0) conditions.push(sql<SqlBool>`machines.tags @> ${query.tags}::text[]`);
  if (query.state_value !== undefined)
    conditions.push(sql<SqlBool>`machines.state_value = ${storedState(query.state_value) ?? query.state_value}`);
  return conditions;
}
