// The region's services as processes: what each is told about itself and the others.
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { RACK_MOUNT_CHASSIS } from "@metal-stack/ipmi";
import { SERVER_MTU } from "../fabric/fabric.ts";
import { ADDRESSES as FABRIC } from "../fabric/topology.ts";
import { CACHE } from "../setup/artefacts.ts";
import type { Credentials } from "./credentials.ts";
import type { ProcessSpec } from "./processes.ts";
import { MEMORY_MIB, PARTITION, RACK, SERVERS, type ServerPlan } from "./servers.ts";

/** Where the services listen; the networks are lab/fabric's. */
export const ADDRESSES = {
  control: FABRIC.control,
  /** The management server in the boot network: pixiecore, and the way out for servers. */
  boot: FABRIC.mgmtBoot,
  bootPrefixLength: FABRIC.bootNetwork.split("/")[1]!,
  bootRange: "10.255.0.100-10.255.0.199",
  apiPort: 8080,
  grpcPort: 50051,
  imagesPort: 8090,
  filesPort: 4242,
} as const;

const IPMI_PORT = 623;
/** Factory credentials of the lab's BMCs: what metal-bmc tries before a machine has credentials of its own. */
const MANUFACTURER = "metal-stack";
const FACTORY = { user: "ADMIN", password: "ADMIN" } as const;

export const GRPC_ADDRESS = `${ADDRESSES.control}:${ADDRESSES.grpcPort}`;
const node = (...args: string[]) => [process.execPath, ...args];

export async function controlPlane(credentials: Credentials, runFolder: string): Promise<ProcessSpec> {
  const server = await credentials.issue("metal-api", "metal-api", [
    "--ip",
    ADDRESSES.control,
    "--ip",
    "127.0.0.1",
    "--dns",
    "localhost",
  ]);
  return {
    name: "control-plane",
    command: node("--max-semi-space-size=2", "control-plane/main.ts"),
    patienceMs: 15_000,
    env: {
      METAL_API_BIND_ADDR: "0.0.0.0",
      METAL_API_PORT: String(ADDRESSES.apiPort),
      METAL_API_GRPC_PORT: String(ADDRESSES.grpcPort),
      METAL_API_BASE_PATH: "/metal/",
      METAL_API_HMAC_VIEW_KEY: credentials.hmac.view,
      METAL_API_HMAC_EDIT_KEY: credentials.hmac.edit,
      METAL_API_HMAC_ADMIN_KEY: credentials.hmac.admin,
      METAL_API_EMBEDDED_POSTGRES_DIR: join(runFolder, "postgres"),
      METAL_API_GRPC_SERVER_CERT_FILE: server.cert,
      METAL_API_GRPC_SERVER_KEY_FILE: server.key,
      METAL_API_GRPC_CA_CERT_FILE: credentials.caCert,
      METAL_API_GRPC_CA_KEY_FILE: credentials.caKey,
    },
  };
}

export function imageStore(): ProcessSpec {
  return {
    name: "image-store",
    command: node(
      "lab/region/image-store.ts",
      join(CACHE, "os-images"),
      ADDRESSES.control,
      String(ADDRESSES.imagesPort),
    ),
  };
}

/** Router advertisements: without them iPXE waits 16 s for one at every boot. */
export function routerAdvertisements(runFolder: string, bootInterface: string): ProcessSpec {
  const config = join(runFolder, "radvd.conf");
  writeFileSync(
    config,
    `interface ${bootInterface} { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; AdvDefaultLifetime 0; };\n`,
  );
  return {
    name: "radvd",
    namespace: "mgmt",
    command: ["radvd", "-n", "-m", "stderr", "-C", config, "-p", join(runFolder, "radvd.pid")],
  };
}

async function agentEnvironment(
  prefix: string,
  credentials: Credentials,
  component: "pixiecore" | "metal-bmc" | "metal-core",
  id: string,
) {
  const files = await credentials.issue(component, id);
  return {
    [`${prefix}PARTITION_ID`]: PARTITION,
    [`${prefix}GRPC_ADDRESS`]: GRPC_ADDRESS,
    [`${prefix}GRPC_CA_FILE`]: credentials.caCert,
    [`${prefix}GRPC_CERT_FILE`]: files.cert,
    [`${prefix}GRPC_KEY_FILE`]: files.key,
  };
}

export async function pixiecore(credentials: Credentials, runFolder: string): Promise<ProcessSpec> {
  return {
    name: "pixiecore",
    namespace: "mgmt",
    command: node("partition/pixiecore/main.ts"),
    env: {
      ...(await agentEnvironment("PIXIECORE_", credentials, "pixiecore", PARTITION)),
      PIXIECORE_ADDRESS: `${ADDRESSES.boot}/${ADDRESSES.bootPrefixLength}`,
      PIXIECORE_DHCP_MODE: "server",
      PIXIECORE_DHCP_RANGE: ADDRESSES.bootRange,
      PIXIECORE_DHCP_ROUTER: ADDRESSES.boot,
      PIXIECORE_LEASE_FILE: join(runFolder, "dhcp-leases.json"),
      PIXIECORE_HTTP_PORT: String(ADDRESSES.filesPort),
      PIXIECORE_IPXE_DIR: "/usr/lib/ipxe",
      PIXIECORE_FILES_DIR: resolve(CACHE, "discovery-image"),
      PIXIECORE_HAMMER_GRPC_ADDRESS: GRPC_ADDRESS,
    },
  };
}

export async function metalBmc(credentials: Credentials, runFolder: string): Promise<ProcessSpec> {
  const list = join(runFolder, "bmcs.json");
  writeFileSync(
    list,
    JSON.stringify(SERVERS.map((server) => ({ address: `${server.bmcAddress}:${IPMI_PORT}`, mac: server.bmcMac }))),
  );
  return {
    name: "metal-bmc",
    namespace: "mgmt",
    command: node("partition/metal-bmc/main.ts"),
    env: {
      ...(await agentEnvironment("METAL_BMC_", credentials, "metal-bmc", PARTITION)),
      METAL_BMC_BMCS_FILE: list,
      METAL_BMC_IPMI_USER: FACTORY.user,
      METAL_BMC_IPMI_PASSWORD: FACTORY.password,
      METAL_BMC_REPORT_INTERVAL: "60s",
    },
  };
}

export async function metalCore(
  credentials: Credentials,
  leaf: string,
  env: Readonly<Record<string, string>>,
): Promise<ProcessSpec> {
  return {
    name: `metal-core-${leaf}`,
    namespace: leaf,
    command: node("partition/metal-core/main.ts"),
    env: {
      ...(await agentEnvironment("METAL_CORE_", credentials, "metal-core", leaf)),
      METAL_CORE_SWITCH_ID: leaf,
      METAL_CORE_RACK_ID: RACK,
      METAL_CORE_DRIVER: "linux",
      ...env,
    },
  };
}

/** Raw disk files of a server. */
export function diskFiles(server: ServerPlan, runFolder: string): string[] {
  return server.disks.map((_, index) => join(runFolder, `${server.name}-disk${index}.raw`));
}

export const consoleSocket = (server: ServerPlan, runFolder: string) => join(runFolder, `${server.name}.console.sock`);

/** What a server that is started bare gets as its kernel's command line. */
export const commandLineFile = (server: ServerPlan, runFolder: string) => join(runFolder, `${server.name}.cmdline`);

/** A server: its chassis with BMC, which starts and stops the QEMU machine. */
export function chassis(
  server: ServerPlan,
  runFolder: string,
  taps: readonly [string, string],
  { accelerator, bare }: { readonly accelerator: "auto" | "tcg" | "kvm"; readonly bare: boolean },
): ProcessSpec {
  const file = join(runFolder, `${server.name}.json`);
  const files = diskFiles(server, runFolder);
  const config = {
    id: server.name,
    uuid: server.uuid,
    firmware: server.firmware,
    cpus: 1,
    memoryMiB: MEMORY_MIB,
    disks: server.disks.map((disk, index) => ({
      path: files[index],
      sizeMiB: disk.sizeMiB,
      interface: disk.interface,
      serial: `${server.name}-disk${index}`,
    })),
    nics: server.macs.map((mac, index) => ({ mac, tap: taps[index], hostMtu: SERVER_MTU })),
    bmc: { address: server.bmcAddress, port: IPMI_PORT, mac: server.bmcMac, ...FACTORY },
    fru: {
      chassis: { type: RACK_MOUNT_CHASSIS, partNumber: "lab-chassis", serial: `chassis-${server.name}` },
      board: {
        manufacturer: MANUFACTURER,
        productName: "lab server",
        serial: `board-${server.name}`,
        partNumber: "lab-1",
      },
      product: {
        manufacturer: MANUFACTURER,
        name: "lab server",
        partNumber: "lab-1",
        version: "1",
        serial: server.name,
        assetTag: "",
      },
    },
    smbios: { manufacturer: MANUFACTURER, product: "lab server", serial: server.name },
    ...(bare
      ? {
          startedBare: {
            kernel: join(CACHE, "discovery-image", "metal-kernel"),
            initrd: join(CACHE, "discovery-image", "metal-hammer-initrd.img.zst"),
            commandLineFile: commandLineFile(server, runFolder),
          },
        }
      : {}),
    runDirectory: runFolder,
    accelerator,
  };
  writeFileSync(file, JSON.stringify(config, null, 2));
  return {
    name: `server-${server.name}`,
    command: node("lab/virtual-server/main.ts", "--config", file),
    patienceMs: 8_000,
  };
}
