// The two questions and news that the boot server has for the control plane.
import { createClient } from "@connectrpc/connect";
import { agent, BootService } from "@metal-stack/protocol";
import { grpcTransport } from "@metal-stack/service";
import type { Settings } from "../settings.ts";

export type Plan = agent.PlanResponse["plan"];

export interface MetalApi {
  /** A machine sent a DHCPDISCOVER. */
  dhcp(uuid: string): Promise<void>;
  /** What the machine should boot now; every answer carries a new ticket. */
  plan(machine: { uuid: string; mac: string; architecture: string }): Promise<Plan>;
}

/** Longer than a busy control plane takes, shorter than people in front of a console wait. */
const CALL_TIMEOUT_MS = 8_000;

/** Both calls reject with a ConnectError when metal-api is away or refuses. */
export function connectMetalApi(settings: Settings): MetalApi {
  const transport = grpcTransport(settings.metalApi.address, settings.metalApi.credentials);
  const boot = createClient(BootService, transport);
  const plans = createClient(agent.BootPlanService, transport);
  const partitionId = settings.partition;
  return {
    dhcp: async (uuid) => {
      await boot.dhcp({ uuid, partitionId }, { timeoutMs: CALL_TIMEOUT_MS });
    },
    plan: async ({ uuid, mac, architecture }) =>
      (await plans.plan({ partitionId, machineId: uuid, mac, architecture }, { timeoutMs: CALL_TIMEOUT_MS })).plan,
  };
}
