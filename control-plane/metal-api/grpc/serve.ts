// The side of metal-api that faces the partitions, started and stopped as one.
import { runRotationWorker } from "../bmc/worker.ts";
import type { Context } from "../context.ts";
import { runReinstallWorker } from "../reinstall/worker.ts";
import { runReleaseWorker } from "../release/worker.ts";
import { runRescueWorker } from "../rescue/worker.ts";
import { grpcModules } from "./modules.ts";
import { createGrpcServer } from "./server.ts";

export interface AgentServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves agents and machines, and looks after releases, installations and passwords of BMCs. Undefined when no certificates are configured. */
export async function serveAgents(context: Context): Promise<AgentServer | undefined> {
  const { config, log } = context;
  if (!config.grpc) return undefined;
  const server = createGrpcServer(context, config.grpc, grpcModules(config.grpc));
  const port = await server.listen(config.bindAddress, config.grpcPort);
  const stopping = new AbortController();
  const workers = [runReleaseWorker, runReinstallWorker, runRescueWorker, runRotationWorker].map((run) =>
    run(context, stopping.signal),
  );
  log.info({ address: config.bindAddress, port }, "serving gRPC");
  return {
    port,
    close: async () => {
      stopping.abort();
      await Promise.all([...workers, server.close()]);
    },
  };
}
