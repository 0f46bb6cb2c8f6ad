import type { PartitionResponse } from "@metal-stack/api-schema";
import type { PartitionRow } from "./store.ts";

const NO_BOOT_CONFIGURATION = { imageurl: "", kernelurl: "", commandline: "" };

export function partitionResponse(row: PartitionRow): PartitionResponse {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    mgmtserviceaddress: row.mgmt_service_address,
    bootconfig: { ...NO_BOOT_CONFIGURATION, ...row.boot_configuration },
    labels: row.labels,
    ...(row.dns_servers.length === 0 ? {} : { dns_servers: [...row.dns_servers] }),
    ...(row.ntp_servers.length === 0 ? {} : { ntp_servers: [...row.ntp_servers] }),
    created: row.created.toISOString(),
    changed: row.changed.toISOString(),
  };
}
