// The agent of a leaf switch: keeps the ports in the networks that metal-api wants, tells servers by LLDP where they are
// plugged in, and metal-api which machines phone home.
import { readFileSync } from "node:fs";
import { createClient } from "@connectrpc/connect";
import { agent, EventService } from "@metal-stack/protocol";
import { Environment, grpcTransport, runService } from "@metal-stack/service";
import { LinuxDriver } from "./linux/linux-driver.ts";
import { Metrics } from "./metrics.ts";
import { managementIp, operatingSystem } from "./operating-system.ts";
import { Announcer } from "./phone-home/announcer.ts";
import { PhoneHome } from "./phone-home/phone-home.ts";
import { readSettings, SETTINGS } from "./settings.ts";
import { SwitchSync } from "./sync/switch-sync.ts";

const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")) as { version: string };

await runService("metal-core", async ({ log, signal }) => {
  const settings = readSettings(Environment.read(SETTINGS, log));
  const { switchId, linux, metalApi } = settings;
  const driver = new LinuxDriver(linux, { dry: !settings.reconfigure });
  const transport = grpcTransport(metalApi.address, metalApi.credentials);
  const metrics = new Metrics();
  if (settings.metricsPort !== undefined) await metrics.serve(settings.metricsPort, signal);

  const os = operatingSystem();
  const phoneHome = new PhoneHome(createClient(EventService, transport), log, metrics);
  const sync = new SwitchSync({
    id: switchId,
    driver,
    metalApi: createClient(agent.SwitchService, transport),
    registration: {
      partitionId: settings.partitionId,
      rackId: settings.rackId,
      osVendor: os.vendor,
      osVersion: os.version,
      metalCoreVersion: version,
      managementIp: managementIp(),
      managementUser: "root",
    },
    bootVni: linux.bootVni,
    log,
    metrics,
    wired: (machines) => phoneHome.calls.wire(machines),
  });
  const announcer = new Announcer({
    switchId,
    version,
    driver,
    log,
    heard: (port, frame) => phoneHome.hear(port, frame.systemName, frame.systemDescription),
    portsKnown: (ports) => phoneHome.calls.keepPorts(ports),
  });

  driver.onChange(() => {
    void sync.changed();
    void announcer.update();
  });
  await Promise.all([sync.run(signal), phoneHome.run(signal), announcer.run(signal)]);
  await driver.close();
});
