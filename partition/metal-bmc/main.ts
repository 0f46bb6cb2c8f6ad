// The BMC agent of a partition: does what metal-api orders and reports what the BMCs say.
import { createClient } from "@connectrpc/connect";
import { agent } from "@metal-stack/protocol";
import { Environment, grpcTransport, runService } from "@metal-stack/service";
import { connectIpmi } from "./bmc/ipmi-bmc.ts";
import { CommandAgent } from "./commands/agent.ts";
import { findCandidates } from "./discovery/candidates.ts";
import { Reporter } from "./discovery/reporter.ts";
import { readSettings, SETTINGS } from "./settings.ts";

/** A slow BMC needs seconds for each answer; after this long it counts as dead. */
const COMMAND_DEADLINE_MS = 45_000;
const REPORT_DEADLINE_MS = 30_000;

await runService("metal-bmc", async ({ log, signal }) => {
  const settings = readSettings(Environment.read(SETTINGS, log));
  const { partitionId, discoveryLogin } = settings;
  const client = createClient(agent.BmcService, grpcTransport(settings.grpcAddress, settings.credentials));
  const commands = new CommandAgent(client, partitionId, {
    connect: connectIpmi,
    discoveryLogin,
    log,
    deadlineMs: COMMAND_DEADLINE_MS,
  });
  const reporter = new Reporter({
    client,
    partitionId,
    candidates: () => findCandidates(settings.sources, log),
    connect: connectIpmi,
    login: discoveryLogin,
    intervalMs: settings.reportIntervalMs,
    deadlineMs: REPORT_DEADLINE_MS,
    log,
  });
  log.info({ partition: partitionId, metalApi: settings.grpcAddress }, "metal-bmc started");
  await Promise.all([commands.run(signal), reporter.run(signal)]);
});
