// Puts the boot server together and takes it apart again.
import { createServer } from "node:http";
import { once } from "node:events";
import { serveTftp, type TransferReport } from "@metal-stack/tftp";
import type { Logger } from "@metal-stack/service";
import {
  admissionByLease,
  admissionByNeighbour,
  readKernelsArp,
  type Admission,
  type ReadArp,
} from "./boot/admission.ts";
import { loadFirmware } from "./boot/firmware.ts";
import { BootScripts } from "./boot/script.ts";
import { Authority } from "./dhcp/authority.ts";
import { serveDhcp } from "./dhcp/server.ts";
import { FileDownloads } from "./http/files.ts";
import { closeHttp, portOf, serveHttp } from "./http/server.ts";
import { Announcements } from "./metal-api/announcements.ts";
import { connectMetalApi } from "./metal-api/client.ts";
import { Metrics } from "./metrics.ts";
import type { Settings } from "./settings.ts";

export interface Pixiecore {
  readonly ports: { dhcp: number; pxe: number; tftp: number; http: number; metrics: number | undefined };
  close(): Promise<void>;
}

/** Resolves when everything listens; rejects, with nothing left running, when a port or a file cannot be had. */
export async function startPixiecore(
  settings: Settings,
  log: Logger,
  readArp: ReadArp = readKernelsArp,
): Promise<Pixiecore> {
  await using started = new AsyncDisposableStack();
  const metrics = new Metrics();
  const firmware = await loadFirmware(settings.ipxeFolder);
  const metalApi = connectMetalApi(settings);
  const announcements = new Announcements(metalApi.dhcp, log, metrics);

  const { dhcp: mode } = settings;
  const authority = mode.kind === "server" ? await Authority.open(settings, mode, log) : undefined;
  if (authority) started.defer(() => authority.close());
  const admission = authority ? admissionByLease(authority.leases, readArp) : admissionByNeighbour(readArp);
  metrics.gauge("leases", "Leases remembered, ended ones too", () =>
    authority ? [...authority.leases.all()].length : 0,
  );

  const http = await startHttp(settings, {
    admission,
    metalApi,
    firmware,
    metrics,
    log,
    booting: (mac, planned) => {
      authority?.booting(mac, planned).catch((error: unknown) => log.error({ err: error, mac }, "lease not kept"));
    },
  });
  started.defer(() => closeHttp(http));
  const metricsServer = await startMetrics(settings, metrics);
  if (metricsServer) started.defer(() => closeHttp(metricsServer));

  const tftp = await serveTftp({
    address: settings.address,
    port: settings.ports.tftp,
    read: async (path) => firmware.get(path),
    onEnd: (report) => void tellTransfer(report, admission, metrics, log),
  });
  started.defer(() => tftp.close());

  const dhcp = await serveDhcp({
    settings,
    authority,
    onDiscover: (uuid) => announcements.announce(uuid),
    onSeen: (mac, uuid) => admission.seen(mac, uuid),
    httpPort: portOf(http),
    metrics,
    log,
  });
  started.defer(() => dhcp.close());

  const running = started.move();
  const ports = {
    dhcp: dhcp.port,
    pxe: dhcp.pxePort,
    tftp: tftp.port,
    http: portOf(http),
    metrics: metricsServer && portOf(metricsServer),
  };
  log.info(
    { partition: settings.partition, mode: mode.kind, address: settings.address, ports },
    "boot server is ready",
  );
  return { ports, close: () => running.disposeAsync() };
}

type HttpNeeds = {
  booting: (mac: string, planned: boolean) => void;
  admission: Admission;
  metrics: Metrics;
  log: Logger;
} & {
  metalApi: ReturnType<typeof connectMetalApi>;
  firmware: ReadonlyMap<string, Uint8Array>;
};

async function startHttp(settings: Settings, { admission, booting, metalApi, firmware, metrics, log }: HttpNeeds) {
  // Port 0 (tests) is known only after listening; the URLs in scripts follow the real one.
  let port = settings.ports.http;
  const site = {
    get baseUrl() {
      return `http://${settings.address}:${port}`;
    },
  };
  const server = await serveHttp(
    {
      site,
      scripts: new BootScripts(site, admission, metalApi, metrics, log, booting),
      admission,
      files: new FileDownloads(settings.filesFolder),
      firmware,
      hammerConfig: {
        partition: settings.partition,
        grpc_address: settings.hammer.grpcAddress,
        ca_cert: settings.metalApi.credentials.ca,
        ntp_servers: settings.hammer.ntpServers,
        ...(settings.hammer.console === undefined ? {} : { console: settings.hammer.console }),
      },
      metrics,
      servesMetrics: settings.ports.metrics === undefined,
      log,
    },
    port,
    settings.address,
  );
  port = portOf(server);
  return server;
}

async function startMetrics(settings: Settings, metrics: Metrics) {
  if (settings.ports.metrics === undefined) return undefined;
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end(metrics.render());
  });
  server.listen(settings.ports.metrics);
  await once(server, "listening");
  return server;
}

async function tellTransfer(
  report: TransferReport,
  admission: Admission,
  metrics: Metrics,
  log: Logger,
): Promise<void> {
  metrics.count("tftp_transfers_total", { result: report.error === undefined ? "ok" : "failed" });
  const asker = await admission.machineAt(report.peer.address).catch(() => undefined);
  const step = { ...asker, step: "tftp", file: report.path, bytes: report.bytes, ms: report.milliseconds };
  if (report.error === undefined) log.info(step, "firmware fetched iPXE");
  // Firmware first asks for the size only and breaks off: part of every boot, not of the story.
  else if (report.bytes === 0) log.debug({ ...step, error: report.error }, "TFTP request without transfer");
  else log.warn({ ...step, error: report.error }, "TFTP transfer broke off");
}
