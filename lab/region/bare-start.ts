// Servers that QEMU starts without firmware's network boot need what the boot script would have told them: the lab asks
// metal-api as pixiecore does, and writes the kernel's command line itself.
import { readFileSync, writeFileSync } from "node:fs";
import { createClient } from "@connectrpc/connect";
import { agent } from "@metal-stack/protocol";
import { grpcTransport } from "@metal-stack/service";
import type { Credentials } from "./credentials.ts";
import { PARTITION, type ServerPlan } from "./servers.ts";
import { ADDRESSES, commandLineFile, GRPC_ADDRESS } from "./services.ts";

/** What to call before a server is switched on; a ticket is good for one boot. */
export async function bareStarts(
  credentials: Credentials,
  runFolder: string,
): Promise<(server: ServerPlan) => Promise<void>> {
  const files = await credentials.issue("pixiecore", PARTITION);
  const [ca, cert, key] = [credentials.caCert, files.cert, files.key].map((file) => readFileSync(file, "utf8"));
  const plans = createClient(agent.BootPlanService, grpcTransport(GRPC_ADDRESS, { ca: ca!, cert: cert!, key: key! }));
  return async (server) => {
    const { plan } = await plans.plan({
      partitionId: PARTITION,
      machineId: server.uuid,
      mac: server.macs[0],
      architecture: "x86_64",
    });
    if (plan.case !== "discovery") throw new Error(`${server.name} is to boot ${plan.case ?? "nothing"}`);
    const config = `http://${ADDRESSES.boot}:${ADDRESSES.filesPort}/config`;
    writeFileSync(
      commandLineFile(server, runFolder),
      `${plan.value.cmdline} metal.config=${config} metal.ticket=${plan.value.ticket}`,
    );
  };
}
