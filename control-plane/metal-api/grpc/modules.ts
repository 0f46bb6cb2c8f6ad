// All services of the gRPC server.
import { bmcLoginModule, bmcModule } from "../bmc/service.ts";
import { bootModule, bootPlanModule, hammerModule } from "../boot/service.ts";
import type { GrpcIdentity } from "../config.ts";
import { identityModule } from "../identity/service.ts";
import { eventModule } from "../provisioning/service.ts";
import { switchModule } from "../switches/service.ts";
import type { GrpcModule } from "./server.ts";

export function grpcModules(identity: GrpcIdentity): GrpcModule[] {
  return [
    identityModule(identity),
    bootModule,
    bootPlanModule,
    hammerModule(identity.recordKey),
    eventModule,
    bmcModule,
    bmcLoginModule,
    switchModule,
  ];
}
