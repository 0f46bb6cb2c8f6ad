import { isIPv4 } from "node:net";
import { ConfigurationError, type ClientCredentials, type Environment } from "@metal-stack/service";
import type { LinuxSettings } from "./linux/rules-networks.ts";

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

/**
 * Reads METAL_CORE_*:
 * SWITCH_ID, PARTITION_ID, RACK_ID, GRPC_ADDRESS, GRPC_CA_FILE, GRPC_CERT_FILE, GRPC_KEY_FILE (all required),
 * DRIVER (linux), PORTS (swp*), SPINE_UPLINKS, BOOT_PORTS, PXE_VLAN_ID (4000), VTEP_ADDRESS (required), VTEP_PEERS,
 * RECONFIGURE (true), METRICS_PORT (none).
 * @throws ConfigurationError that names the bad one
 */
export function readSettings(environment: Environment): Settings {
  const driver = environment.text("DRIVER", "linux");
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
      ports: environment.text("PORTS", "swp*"),
      uplinks: environment.list("SPINE_UPLINKS"),
      bootPorts: environment.list("BOOT_PORTS"),
      bootVni: BOOT_VNI_BASE + environment.integer("PXE_VLAN_ID", 4000, 1, LARGEST_VLAN),
      vtep: ipv4("VTEP_ADDRESS", environment.text("VTEP_ADDRESS")),
      vtepPeers: environment.list("VTEP_PEERS").map((address) => ipv4("VTEP_PEERS", address)),
    },
    reconfigure: environment.flag("RECONFIGURE", true),
    metricsPort:
      environment.optional("METRICS_PORT") === undefined
        ? undefined
        : environment.integer("METRICS_PORT", 0, 0, 65_535),
  };
}

function ipv4(name: string, address: string): string {
  if (!isIPv4(address)) throw new ConfigurationError(`METAL_CORE_${name}: "${address}" is not an IPv4 address`);
  return address;
}
