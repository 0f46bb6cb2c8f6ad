import type { IpRow } from "./store.ts";

/** The address as REST v1 shows it. */
export function ipResponse(ip: IpRow) {
  return {
    ipaddress: ip.ip,
    allocationuuid: ip.allocation_uuid,
    name: ip.name,
    description: ip.description,
    projectid: ip.project_id,
    networkid: ip.network_id,
    type: ip.type,
    tags: ip.tags,
    created: ip.created.toISOString(),
    changed: ip.changed.toISOString(),
  };
}
