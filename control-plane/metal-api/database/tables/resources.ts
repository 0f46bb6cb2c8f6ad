// What an operator describes a data centre with: partitions, sizes, images, filesystem layouts.
import type { JsonDefault } from "@metal-stack/database";
import type { Generated } from "kysely";
import type {
  BootConfiguration,
  DnsServer,
  LayoutConstraints,
  LayoutDisk,
  LayoutFilesystem,
  LayoutLogicalVolume,
  LayoutRaid,
  LayoutVolumeGroup,
  NtpServer,
  SizeConstraint,
} from "../documents.ts";
import type { Entity } from "./entity.ts";

export interface PartitionsTable extends Entity {
  labels: JsonDefault<Record<string, string>>;
  mgmt_service_address: Generated<string>;
  boot_configuration: JsonDefault<BootConfiguration>;
  dns_servers: JsonDefault<readonly DnsServer[]>;
  ntp_servers: JsonDefault<readonly NtpServer[]>;
}

export interface SizesTable extends Entity {
  labels: JsonDefault<Record<string, string>>;
  constraints: JsonDefault<readonly SizeConstraint[]>;
}

export interface ImagesTable extends Entity {
  url: string;
  features: Generated<string[]>;
  classification: Generated<string>;
  expiration_date: Date;
  os: string;
  version_text: string;
  sha256: string | null;
}

export interface FilesystemLayoutsTable extends Entity {
  constraints: JsonDefault<LayoutConstraints>;
  filesystems: JsonDefault<readonly LayoutFilesystem[]>;
  disks: JsonDefault<readonly LayoutDisk[]>;
  raid: JsonDefault<readonly LayoutRaid[]>;
  volume_groups: JsonDefault<readonly LayoutVolumeGroup[]>;
  logical_volumes: JsonDefault<readonly LayoutLogicalVolume[]>;
}
