import type { JsonDefault, JsonOrNull } from "@metal-stack/database";
import type { Generated } from "kysely";
import type { BgpPortState, PortFilter, SwitchOs, SwitchSync } from "../documents.ts";
import type { Entity } from "./entity.ts";

export interface SwitchesTable extends Entity {
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
  tells_sightings: Generated<boolean>;
}

export interface SwitchPortsTable {
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
  sightings: Generated<string[]>;
}
