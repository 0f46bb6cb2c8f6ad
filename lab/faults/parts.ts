// What a region is made of: its processes and what each is told, its links, its machines.
import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { EmbeddedPostgres } from "@metal-stack/database";
import { grpcTransport } from "@metal-stack/service";
import { FACTORY } from "../fleet/bmc.ts";
import { Fleet, LEAVES, RACK } from "../fleet/fleet.ts";
import { GRPC_PORT, KernelLeaves } from "../fleet/kernel-leaves.ts";
import { type CertificateFiles, type Credentials, makeCredentials } from "../region/credentials.ts";
import { PARTITION } from "./catalogue.ts";
import { Link } from "./link.ts";
import { Victim, type VictimPlan } from "./victim.ts";

export interface RegionPlan {
  /** Empty; for data, keys and logs. */
  readonly folder: string;
  readonly machines: number;
  /** The control plane as one process with its own PostgreSQL, instead of metal-api, masterdata-api and PostgreSQL apart. */
  readonly together?: boolean;
  /** Real metal-cores on leaves of network namespaces, instead of simulated ones. */
  readonly kernelLeaves?: boolean;
  /** The next metal-api has read its code when one is killed: more kills a minute. */
  readonly standby?: boolean | undefined;
  /** Settings of all processes as they shall be. */
  readonly adjust?: (env: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
  /** What happens on machines and links, for the history. */
  readonly say: (what: string) => void;
}

const PACE = { eraseStripeMs: 8, installStripeMs: 8 };
const BMC_REPORTS_EVERY = "3s";
export class Parts {
  readonly plan: RegionPlan;
  readonly credentials: Credentials;
  readonly link: Link;
  readonly masterdataLink: Link;
  readonly victims = new Map<string, Victim>();
  fleet: Fleet | undefined;
  postgres: EmbeddedPostgres | undefined;
  databaseUrl = "";
  restPort = 0;
  #kernelLeaves: KernelLeaves | undefined;
  readonly #leafFiles = new Map<string, CertificateFiles>();
  #boot = { dhcpPort: 0, httpPort: 0 };
  /** Answers everything with an empty file: images and kernels that nobody reads. */
  readonly #files = createServer((_, response) => void response.end());

  private constructor(plan: RegionPlan, credentials: Credentials, link: Link, masterdataLink: Link) {
    this.plan = plan;
    this.credentials = credentials;
    this.link = link;
    this.masterdataLink = masterdataLink;
  }

  static async make(plan: RegionPlan): Promise<Parts> {
    mkdirSync(join(plan.folder, "logs"), { recursive: true });
    // PostgreSQL runs in another name and has to get in.
    chmodSync(plan.folder, 0o755);
    return new Parts(plan, await makeCredentials(join(plan.folder, "keys")), await Link.open(), await Link.open());
  }

  get filesUrl(): string {
    return `http://127.0.0.1:${(this.#files.address() as AddressInfo).port}`;
  }

  async start(): Promise<void> {
    const { plan } = this;
    this.#files.listen(0, "127.0.0.1");
    await once(this.#files, "listening");
    const leaves = new Map(
      await Promise.all(LEAVES.map(async (leaf) => [leaf, await this.#transportOf("metal-core", leaf)] as const)),
    );
    if (plan.kernelLeaves)
      this.#kernelLeaves = await KernelLeaves.make(
        LEAVES,
        plan.machines,
        join(plan.folder, "metal-api.sock"),
        this.link.address,
      );
    this.fleet = await Fleet.build({
      machines: plan.machines,
      partition: PARTITION,
      pace: PACE,
      bootServer: () => this.#boot,
      kernelLeaves: this.#kernelLeaves,
      leafTransport: (leaf) => leaves.get(leaf as (typeof LEAVES)[number])!,
      say: (machine, what) => plan.say(`${machine.slice(-4)} ${what}`),
    });
    if (plan.together) await this.#startTogether();
    else await this.#startApart();
    await this.#startAgents();
  }

  async close(): Promise<void> {
    this.fleet?.close();
    for (const victim of [...this.victims.values()].reverse()) await victim.stop();
    await this.#kernelLeaves?.close();
    await this.postgres?.stop();
    await this.link.close();
    await this.masterdataLink.close();
    this.#files.close();
  }

  async #transportOf(component: "metal-core", id: string) {
    const files = await this.credentials.issue(component, id);
    this.#leafFiles.set(id, files);
    const [ca, cert, key] = [this.credentials.caCert, files.cert, files.key].map((file) => readFileSync(file, "utf8"));
    return grpcTransport(this.link.address, { ca: ca!, cert: cert!, key: key! });
  }

  async #add(
    name: string,
    program: string,
    env: () => Readonly<Record<string, string>>,
    isReady: (line: Readonly<Record<string, unknown>>) => boolean,
    more: Pick<VictimPlan, "inside" | "code"> = {},
  ): Promise<void> {
    const logFolder = join(this.plan.folder, "logs");
    const { adjust = (env) => env } = this.plan;
    const victim = new Victim({ name, program, env: () => adjust(env()), isReady, logFolder, ...more });
    this.victims.set(name, victim);
    await victim.start();
  }

  get #postgresFolder(): string {
    return join(this.plan.folder, "postgres");
  }

  async #startTogether(): Promise<void> {
    const metalApi = await this.#metalApi();
    const env = { ...metalApi, METAL_API_EMBEDDED_POSTGRES_DIR: this.#postgresFolder };
    await this.#add("control-plane", "control-plane/main.ts", () => env, this.#serves);
    // Only to learn its URL: the control plane alone keeps it alive.
    const postgres = await EmbeddedPostgres.start({ directory: this.#postgresFolder, database: "metal" });
    this.databaseUrl = postgres.url;
    await postgres.stop();
  }

  async #startApart(): Promise<void> {
    this.postgres = await EmbeddedPostgres.start({ directory: this.#postgresFolder, database: "metal" });
    this.databaseUrl = this.postgres.url;
    const { url } = await EmbeddedPostgres.start({ directory: this.#postgresFolder, database: "masterdata" });
    const { caCert, hmac } = this.credentials;
    const own = await this.credentials.issue("masterdata-api", "masterdata-api", ["--ip", "127.0.0.1"]);
    const masterdata = {
      MASTERDATA_API_PORT: "0",
      MASTERDATA_API_METRICS_PORT: "0",
      MASTERDATA_API_CA: caCert,
      MASTERDATA_API_CERT: own.cert,
      MASTERDATA_API_CERTKEY: own.key,
      MASTERDATA_API_HMACKEY: hmac.edit,
      MASTERDATA_API_DATABASE_URL: url,
    };
    await this.#add(
      "masterdata-api",
      "control-plane/masterdata-api/main.ts",
      () => masterdata,
      (line) => {
        if (line["msg"] !== "serving") return false;
        this.masterdataLink.target = (line["address"] as { port: number }).port;
        return true;
      },
    );
    const client = await this.credentials.issue("metal-api", "metal-api-client");
    const env = {
      ...(await this.#metalApi()),
      METAL_API_DATABASE_URL: this.databaseUrl,
      METAL_API_MASTERDATA_ADDRESS: this.masterdataLink.address,
      METAL_API_MASTERDATA_HMAC: hmac.edit,
      METAL_API_MASTERDATA_CAPATH: caCert,
      METAL_API_MASTERDATA_CERTPATH: client.cert,
      METAL_API_MASTERDATA_CERTKEYPATH: client.key,
    };
    const code = this.plan.standby ? "control-plane/metal-api/serve.ts" : undefined;
    await this.#add("metal-api", "control-plane/metal-api/main.ts", () => env, this.#serves, { code });
  }

  readonly #serves = (line: Readonly<Record<string, unknown>>): boolean => {
    if (line["msg"] === "serving gRPC") this.link.target = line["port"] as number;
    if (line["msg"] !== "serving REST") return false;
    this.restPort = line["port"] as number;
    return true;
  };

  async #metalApi(): Promise<Record<string, string>> {
    const { caCert, caKey, hmac } = this.credentials;
    const server = await this.credentials.issue("metal-api", "metal-api", ["--ip", "127.0.0.1"]);
    const keyFile = join(this.plan.folder, "keys", "secrets.key");
    writeFileSync(keyFile, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600 });
    return {
      METAL_API_SECRETS_KEY_FILE: keyFile,
      METAL_API_PORT: "0",
      METAL_API_GRPC_PORT: "0",
      METAL_API_METRICS_PORT: "0",
      METAL_API_BASE_PATH: "/metal/",
      METAL_API_HMAC_VIEW_KEY: hmac.view,
      METAL_API_HMAC_EDIT_KEY: hmac.edit,
      METAL_API_HMAC_ADMIN_KEY: hmac.admin,
      METAL_API_GRPC_SERVER_CERT_FILE: server.cert,
      METAL_API_GRPC_SERVER_KEY_FILE: server.key,
      METAL_API_GRPC_CA_CERT_FILE: caCert,
      METAL_API_GRPC_CA_KEY_FILE: caKey,
    };
  }

  async #startAgents(): Promise<void> {
    const fleet = this.fleet!;
    const { folder } = this.plan;
    const files = join(folder, "files");
    mkdirSync(files, { recursive: true });
    const pixiecore = {
      ...(await this.#agent("PIXIECORE_", "pixiecore")),
      PIXIECORE_ADDRESS: "127.0.0.1/8",
      PIXIECORE_DHCP_MODE: "server",
      PIXIECORE_DHCP_RANGE: "127.0.1.1-127.0.7.254",
      PIXIECORE_DHCP_BROADCAST_ADDRESS: "127.0.0.1",
      PIXIECORE_DHCP_PORT: "0",
      PIXIECORE_DHCP_CLIENT_PORT: String(fleet.network.clientPort),
      PIXIECORE_PXE_PORT: "0",
      PIXIECORE_TFTP_PORT: "0",
      PIXIECORE_HTTP_PORT: "0",
      PIXIECORE_LEASE_FILE: join(folder, "dhcpd.leases"),
      PIXIECORE_FILES_DIR: files,
      PIXIECORE_HAMMER_GRPC_ADDRESS: this.link.address,
    };
    await this.#add(
      "pixiecore",
      "partition/pixiecore/main.ts",
      () => pixiecore,
      (line) => {
        if (line["msg"] !== "boot server is ready") return false;
        const { dhcp, http } = line["ports"] as { dhcp: number; http: number };
        this.#boot = { dhcpPort: dhcp, httpPort: http };
        return true;
      },
    );
    const list = join(folder, "bmcs.json");
    writeFileSync(list, JSON.stringify(fleet.machines.map(({ bmc, bmcMac: mac }) => ({ address: bmc.address, mac }))));
    const metalBmc = {
      ...(await this.#agent("METAL_BMC_", "metal-bmc")),
      METAL_BMC_BMCS_FILE: list,
      METAL_BMC_IPMI_USER: FACTORY.user,
      METAL_BMC_IPMI_PASSWORD: FACTORY.password,
      METAL_BMC_REPORT_INTERVAL: BMC_REPORTS_EVERY,
    };
    await this.#add(
      "metal-bmc",
      "partition/metal-bmc/main.ts",
      () => metalBmc,
      ({ msg }) => msg === "metal-bmc started",
    );
  }

  /** After the partition exists: registering is all that a metal-core does first. */
  async startMetalCores(): Promise<void> {
    const leaves = this.#kernelLeaves;
    if (!leaves) return;
    for (const [at, leaf] of LEAVES.entries()) {
      const env = {
        ...this.#environment("METAL_CORE_", this.#leafFiles.get(leaf)!, `127.0.0.1:${GRPC_PORT}`),
        METAL_CORE_SWITCH_ID: leaf,
        METAL_CORE_RACK_ID: RACK,
        METAL_CORE_VTEP_ADDRESS: `10.1.0.${at + 1}`,
      };
      const started = () => true;
      await this.#add(`metal-core-${leaf}`, "partition/metal-core/main.ts", () => env, started, {
        inside: leaves.inside(leaf),
      });
    }
  }

  async #agent(prefix: string, component: "pixiecore" | "metal-bmc") {
    return this.#environment(prefix, await this.credentials.issue(component, PARTITION), this.link.address);
  }

  #environment(prefix: string, files: CertificateFiles, metalApi: string) {
    return {
      [`${prefix}PARTITION_ID`]: PARTITION,
      [`${prefix}GRPC_ADDRESS`]: metalApi,
      [`${prefix}GRPC_CA_FILE`]: this.credentials.caCert,
      [`${prefix}GRPC_CERT_FILE`]: files.cert,
      [`${prefix}GRPC_KEY_FILE`]: files.key,
    };
  }
}
