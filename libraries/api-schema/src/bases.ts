// Definitions of the original's document that no operation refers to: what its types are composed of. They are offered
// because generated clients have types of these names.
import { type TSchema, Type } from "typebox";
import { Described, Identified, Timestamps } from "./base.ts";
import { FilesystemLayoutResponse } from "./filesystem-layout.ts";
import { ImageFindRequest, ImageResponse } from "./image.ts";
import { IPFindRequest, IPResponse } from "./ip.ts";
import { FirewallCreateRequest } from "./machine-allocation.ts";
import { MachineHardware } from "./machine-hardware.ts";
import { MachineFindRequest } from "./machine-query.ts";
import { MachineResponse } from "./machine.ts";
import { ProjectResponse, TenantResponse } from "./masterdata.ts";
import { NetworkFindRequest, NetworkResponse } from "./network.ts";
import { PartitionResponse } from "./partition.ts";
import { SwitchFindRequest, SwitchResponse } from "./switch.ts";

const named = ($id: string, schema: TSchema): TSchema => ({ ...schema, $id });

const names = <T extends object>(properties: T) => Object.keys(properties) as (keyof T & string)[];
const identity = names({ ...Identified, ...Described, ...Timestamps });

export const Bases: readonly TSchema[] = [
  Type.Object({ ...Identified, ...Described }, { $id: "v1.Common" }),
  Type.Object(Described, { $id: "v1.Describable" }),
  Type.Object(Identified, { $id: "v1.Identifiable" }),
  Type.Object(Timestamps, { $id: "v1.Timestamps" }),
  named("datastore.ImageSearchQuery", ImageFindRequest),
  named("datastore.IPSearchQuery", IPFindRequest),
  named("datastore.MachineSearchQuery", MachineFindRequest),
  named("datastore.NetworkSearchQuery", NetworkFindRequest),
  named("datastore.SwitchSearchQuery", SwitchFindRequest),
  Type.Omit(FilesystemLayoutResponse, ["id", "name", "description"], { $id: "v1.FilesystemLayoutBase" }),
  Type.Pick(FirewallCreateRequest, ["firewall_rules"], { $id: "v1.FirewallAllocateRequest" }),
  Type.Pick(ImageResponse, ["classification", "expirationDate", "features", "url", "usedby"], { $id: "v1.ImageBase" }),
  Type.Pick(IPResponse, ["networkid", "projectid", "tags", "type"], { $id: "v1.IPBase" }),
  Type.Pick(IPResponse, ["allocationuuid", "ipaddress"], { $id: "v1.IPIdentifiable" }),
  Type.Omit(MachineResponse, [...identity, "reasons"], { $id: "v1.MachineBase" }),
  Type.Omit(MachineHardware, ["nics"], { $id: "v1.MachineHardwareBase" }),
  Type.Pick(NetworkResponse, ["labels", "partitionid", "projectid", "shared"], { $id: "v1.NetworkBase" }),
  Type.Omit(NetworkResponse, [...identity, "labels", "partitionid", "projectid", "shared", "consumption", "usage"], {
    $id: "v1.NetworkImmutable",
  }),
  Type.Omit(PartitionResponse, [...identity, "bootconfig"], { $id: "v1.PartitionBase" }),
  Type.Pick(SwitchResponse, ["console_command", "management_ip", "management_user", "mode", "os", "rack_id"], {
    $id: "v1.SwitchBase",
  }),
  named("v1.Project", ProjectResponse),
  named("v1.Tenant", TenantResponse),
];
