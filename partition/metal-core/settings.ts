import { isIPv4 } from "node:net";
import { ConfigurationError, type ClientCredentials, declareSettings, type EnvironmentOf } from "@metal-stack/service";
import type { LinuxSettings } from "./linux/rules-networks.ts";

export const SETTINGS = declareSettings("METAL_CORE_", {
  SWITCH_ID: { about: "id of this switch; the client certificate names it too" },
  PARTITION_ID: { about: "partition of this switch" },
  RACK_ID: { about: "rack of this switch" },
  GRPC_ADDRESS: { about: "host:port of metal-api's gRPC" },
  GRPC_CA_FILE: { about: "file with the CA of metal-api" },
  GRPC_CERT_FILE: { about: "file with our certificate" },
  GRPC_KEY_FILE: { about: "file with its key" },
  DRIVER: { about: "how ports are set; linux is the only one", default: "linux" },
  PORTS: { about: "ports of servers, by a glob", default: "swp*" },
  SPINE_UPLINKS: { about: "ports to other switches", unset: "none" },
  BOOT_PORTS: { about: "ports that stay in the boot network: boot server, router", unset: "none" },
  PXE_VLAN_ID: { about: "VLAN of the boot network, 1 to 4094; its VNI is 100000 more", default: 4000 },
  VTEP_ADDRESS: { about: "IPv4 address of the VXLAN tunnels' end here" },
  VTEP_PEERS: { about: "IPv4 addresses of the other ends", unset: "none" },
  RECONFIGURE: { about: "false: say what would be done, and do nothing", default: true },
  METRICS_PORT: { about: "TCP port of /metrics", unset: "no metrics" },
});

export interface Settings {
  readonly switchId: string;
  readonly partitionId: string;
  readonly rackId: string;
  readonly metalApi: { readonly address: string; readonly credentials: ClientCredentials };
  readonly linux: LinuxSettings;
  /** False: say what would be done, and do nothing. */
  readonly reconfigure: boolean;
  readonly metricsPort: number | undefined;
}

/** "10" and the four digits of the boot VLAN make its VNI (reference/partition-services.md 1.7). */
const BOOT_VNI_BASE = 100_000;
const LARGEST_VLAN = 4094;

/** @throws ConfigurationError that names the bad one */
export function readSettings(environment: EnvironmentOf<typeof SETTINGS>): Settings {
  const driver = environment.text("DRIVER");
  if (driver !== "linux") {
    throw new ConfigurationError(`METAL_CORE_DRIVER must be "linux", not "${driver}"`);
  }
  return {
    switchId: environment.text("SWITCH_ID"),
    partitionId: environment.text("PARTITION_ID"),
    rackId: environment.text("RACK_ID"),
    metalApi: {
      address: environment.text("GRPC_ADDRESS"),
      credentials: {
        ca: environment.file("GRPC_CA_FILE"),
        cert: environment.file("GRPC_CERT_FILE"),
        key: environment.file("GRPC_KEY_FILE"),
      },
    },
    linux: {
      ports: environment.text("PORTS"),
      uplinks: environment.list("SPINE_UPLINKS"),
      bootPorts: environment.list("BOOT_PORTS"),
      bootVni: BOOT_VNI_BASE + environment.integer("PXE_VLAN_ID", 1, LARGEST_VLAN),
      vtep: ipv4("VTEP_ADDRESS", environment.text("VTEP_ADDRESS")),
      vtepPeers: environment.list("VTEP_PEERS").map((address) => ipv4("VTEP_PEERS", address)),
    },
    reconfigure: environment.flag("RECONFIGURE"),
    metricsPort:
      environment.optional("METRICS_PORT") === undefined ? undefined : environment.integer("METRICS_PORT", 0, 65_535),
  };
}

function ipv4(name: string, address: string): string {
  if (!isIPv4(address)) throw new ConfigurationError(`METAL_CORE_${name}: "${address}" is not an IPv4 address`);
  return address;
}
