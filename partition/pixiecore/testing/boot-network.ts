// A boot network on loopback: a boot server with a stand-in for metal-api, reached as machines would.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatIpv4, parseLeases } from "@metal-stack/dhcp";
import { createLogger, Environment } from "@metal-stack/service";
import { startPixiecore, type Pixiecore } from "../service.ts";
import { readSettings, SETTINGS, type Settings } from "../settings.ts";
import { makeCertificates, type TestCertificates } from "./certificates.ts";
import { TestDhcpClient } from "./dhcp-client.ts";
import { startMetalApi, type StandInMetalApi } from "./metal-api.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

export class BootNetwork {
  readonly folder: string;
  readonly certificates: TestCertificates;
  readonly settings: Settings;
  metalApi: StandInMetalApi;
  pixiecore: Pixiecore;

  private constructor(
    folder: string,
    certificates: TestCertificates,
    settings: Settings,
    metalApi: StandInMetalApi,
    pixiecore: Pixiecore,
  ) {
    this.folder = folder;
    this.certificates = certificates;
    this.settings = settings;
    this.metalApi = metalApi;
    this.pixiecore = pixiecore;
  }

  /** Addresses 127.0.0.100 to 127.0.0.199; files "vmlinuz" (1000 bytes), ".hidden" and a folder "folder". */
  static async start(variables: NodeJS.ProcessEnv = {}): Promise<BootNetwork> {
    const folder = await mkdtemp(join(tmpdir(), "pixiecore-"));
    await mkdir(join(folder, "files", "folder"), { recursive: true });
    await writeFile(join(folder, "files", "vmlinuz"), Buffer.alloc(1_000, "kernel."));
    await writeFile(join(folder, "files", ".hidden"), "hidden");
    const certificates = makeCertificates({ component: "pixiecore", id: "partition-1" });
    const metalApi = await startMetalApi(certificates);
    const settings = readSettings(
      new Environment(SETTINGS, {
        PIXIECORE_PARTITION_ID: "partition-1",
        PIXIECORE_ADDRESS: "127.0.0.1/8",
        PIXIECORE_DHCP_MODE: "server",
        PIXIECORE_DHCP_RANGE: "127.0.0.100-127.0.0.199",
        PIXIECORE_DHCP_ROUTER: "127.0.0.2",
        PIXIECORE_DHCP_BROADCAST_ADDRESS: "127.0.0.1",
        PIXIECORE_LEASE_FILE: join(folder, "dhcpd.leases"),
        PIXIECORE_DHCP_PORT: "0",
        PIXIECORE_DHCP_CLIENT_PORT: String(await freeUdpPort()),
        PIXIECORE_PXE_PORT: "0",
        PIXIECORE_TFTP_PORT: "0",
        PIXIECORE_HTTP_PORT: "0",
        PIXIECORE_FILES_DIR: join(folder, "files"),
        PIXIECORE_GRPC_ADDRESS: metalApi.address,
        PIXIECORE_GRPC_CA_FILE: join(certificates.folder, "ca.pem"),
        PIXIECORE_GRPC_CERT_FILE: join(certificates.folder, "client.pem"),
        PIXIECORE_GRPC_KEY_FILE: join(certificates.folder, "client.key"),
        PIXIECORE_HAMMER_GRPC_ADDRESS: "metal-api.lab:50051",
        PIXIECORE_NTP_SERVERS: "10.0.0.1,10.0.0.2",
        ...variables,
      }),
    );
    return new BootNetwork(
      folder,
      certificates,
      settings,
      metalApi,
      await startPixiecore(settings, quiet(), () => arpOf(settings)),
    );
  }

  async restartPixiecore(): Promise<void> {
    await this.pixiecore.close();
    this.pixiecore = await startPixiecore(this.settings, quiet(), () => arpOf(this.settings));
  }

  async stop(): Promise<void> {
    await this.pixiecore.close();
    await this.metalApi.close();
    await rm(this.folder, { recursive: true });
    await rm(this.certificates.folder, { recursive: true });
  }

  /** A NIC in this network; one at a time. */
  async client(mac: string, uuid?: string): Promise<TestDhcpClient> {
    return await TestDhcpClient.open(this.pixiecore.ports.dhcp, this.settings.ports.dhcpClient, mac, uuid);
  }

  /** @param from the address of the one who asks */
  async http(
    path: string,
    from = "127.0.0.1",
    headers: Record<string, string> = {},
    method = "GET",
  ): Promise<HttpAnswer> {
    const { http: port } = this.pixiecore.ports;
    const call = request({ host: "127.0.0.1", port, path, method, headers, localAddress: from, agent: false });
    const answered = once(call, "response");
    call.end();
    const [response] = (await answered) as [import("node:http").IncomingMessage];
    const body: Buffer[] = [];
    for await (const piece of response) body.push(piece as Buffer);
    return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(body) };
  }
}

/** There is no ARP on loopback: as the kernel would write it, were everybody who he says he is. */
async function arpOf({ dhcp }: Settings): Promise<string> {
  const leases = dhcp.kind === "server" ? parseLeases(await readFile(dhcp.leaseFile, "utf8")) : [];
  return leases.map(({ address, mac }) => `${formatIpv4(address)} 0x1 0x2 ${mac} * lo`).join("\n");
}

function quiet() {
  const log = createLogger("pixiecore");
  log.level = "silent";
  return log;
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  await new Promise<void>((done) => socket.close(() => done()));
  return port;
}
