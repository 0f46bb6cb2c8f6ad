// All routes of the REST API.
import { allocationRoutes } from "../allocation/routes.ts";
import { auditRoutes } from "../audit/routes.ts";
import { filesystemLayoutRoutes } from "../filesystem-layouts/routes.ts";
import { firmwareRoutes } from "../firmware/routes.ts";
import { healthRoutes } from "../health/routes.ts";
import { imageRoutes } from "../images/routes.ts";
import { ipRoutes } from "../ips/routes.ts";
import { machineBmcRoutes } from "../machines/routes-bmc.ts";
import { machineEraseRoutes } from "../machines/routes-erase.ts";
import { machineInspectionRoutes } from "../machines/routes-inspection.ts";
import { machineRoutes } from "../machines/routes.ts";
import { networkRoutes } from "../networks/routes.ts";
import { partitionRoutes } from "../partitions/routes.ts";
import { projectRoutes } from "../projects/routes.ts";
import { sizeImageConstraintRoutes } from "../size-image-constraints/routes.ts";
import { sizeReservationRoutes } from "../size-reservations/routes.ts";
import { reinstallRoutes } from "../reinstall/routes.ts";
import { sizeRoutes } from "../sizes/routes.ts";
import { switchRoutes } from "../switches/routes.ts";
import { tenantRoutes } from "../tenants/routes.ts";
import { userRoutes } from "../users/routes.ts";
import { versionRoutes } from "../version/routes.ts";
import { vpnRoutes } from "../vpn/routes.ts";
import type { RouteModule } from "./app.ts";

export const restModules: readonly RouteModule[] = [
  allocationRoutes,
  auditRoutes,
  filesystemLayoutRoutes,
  firmwareRoutes,
  healthRoutes,
  imageRoutes,
  ipRoutes,
  machineBmcRoutes,
  machineEraseRoutes,
  machineInspectionRoutes,
  machineRoutes,
  networkRoutes,
  partitionRoutes,
  projectRoutes,
  sizeImageConstraintRoutes,
  sizeReservationRoutes,
  reinstallRoutes,
  sizeRoutes,
  switchRoutes,
  tenantRoutes,
  userRoutes,
  versionRoutes,
  vpnRoutes,
];
