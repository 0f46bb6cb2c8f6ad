import { type Static, Type } from "typebox";
import { Described, Expected, OneOf } from "./base.ts";

const text = Type.Optional(Type.String());
const texts = Type.Optional(Type.Array(Type.String()));
const numbers = Type.Optional(Type.Array(Type.Integer({ format: "int64" })));

/** All parts must hold; of a list, every value must be there. Comparison is exact. */
export const machineQuery = {
  id: text,
  name: text,
  partition_id: text,
  sizeid: text,
  rackid: text,
  tags: texts,
  allocation_name: text,
  allocation_project: text,
  allocation_image_id: text,
  allocation_hostname: text,
  allocation_role: text,
  allocation_succeeded: Type.Optional(Type.Boolean()),
  network_ids: texts,
  network_prefixes: texts,
  network_ips: texts,
  network_destination_prefixes: texts,
  network_vrfs: numbers,
  network_asns: numbers,
  hardware_memory: Type.Optional(Type.Integer({ format: "int64" })),
  nics_mac_addresses: texts,
  nics_names: texts,
  nics_vrfs: texts,
  nics_neighbor_mac_addresses: texts,
  nics_neighbor_names: texts,
  nics_neighbor_vrfs: texts,
  disk_names: texts,
  disk_sizes: numbers,
  state_value: Type.Optional(OneOf(["", "RESERVED", "LOCKED"], "RESERVED and TAINTED mean the same")),
  ipmi_address: text,
  ipmi_mac_address: text,
  ipmi_user: text,
  ipmi_interface: text,
  fru_chassis_part_number: text,
  fru_chassis_part_serial: text,
  fru_board_mfg: text,
  fru_board_mfg_serial: text,
  fru_board_part_number: text,
  fru_product_manufacturer: text,
  fru_product_part_number: text,
  fru_product_serial: text,
};

export const MachineFindRequest = Type.Object(machineQuery, { $id: "v1.MachineFindRequest" });
export type MachineFindRequest = Static<typeof MachineFindRequest>;

export const FirewallFindRequest = Type.Object(machineQuery, { $id: "v1.FirewallFindRequest" });

export const MachineIssuesRequest = Type.Object(
  {
    ...machineQuery,
    only: Expected(Type.Array(Type.String(), { description: "ids of issues" })),
    omit: Expected(Type.Array(Type.String(), { description: "ids of issues; stronger than only" })),
    severity: Expected(Type.String({ description: "minor, major or critical: at least" })),
    last_error_threshold: Expected(
      Type.Integer({ format: "int64", minimum: 0, description: "nanoseconds that an error in the log counts" }),
    ),
  },
  { $id: "v1.MachineIssuesRequest" },
);

export const MachineIssue = Type.Object(
  {
    id: Type.String(),
    severity: Type.String(),
    description: Type.String(),
    ref_url: Type.String(),
    details: Type.String(),
  },
  { $id: "v1.MachineIssue" },
);

export const MachineIssueResponse = Type.Object(
  { machineid: Type.String(), issues: Type.Array(Type.String()) },
  { $id: "v1.MachineIssueResponse" },
);

/** `id`, `name` and `description` are ignored. */
export const MachineReinstallRequest = Type.Object(
  {
    id: Expected(Type.String({ description: "the unique ID of this entity" })),
    ...Described,
    imageid: Expected(Type.String({ description: "the image id to be installed" })),
  },
  { $id: "v1.MachineReinstallRequest" },
);
