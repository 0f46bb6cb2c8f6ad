// Networks, their addresses, and the numbers (ASN, VRF) handed out to them and to machines.
import type { JsonDefault, Timestamp } from "@metal-stack/database";
import type { Generated } from "kysely";
import type { Entity } from "./entity.ts";

export interface NetworksTable extends Entity {
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

export interface IpsTable {
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

export interface NumberPoolsTable {
  pool: string;
  first: number;
  next: number;
  last: number;
}

export interface FreeNumbersTable {
  pool: string;
  number: number;
}
