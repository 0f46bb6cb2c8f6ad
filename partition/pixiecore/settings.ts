import { join } from "node:path";
import { formatIpv4, parseIpv4, parseIpv4Interface, type Ipv4Interface } from "@metal-stack/dhcp";
import { ConfigurationError, type ClientCredentials, type Environment } from "@metal-stack/service";

/** What the DHCP part of the boot server does. */
export type DhcpMode =
  | {
      readonly kind: "server";
      /** First and last address given, as numbers. */
      readonly first: number;
      readonly last: number;
      readonly router: string | undefined;
      readonly dns: readonly string[];
      readonly leaseSeconds: number;
      /** Of a client that metal-api has not sent a boot script to yet. */
      readonly trialSeconds: number;
      readonly leaseFile: string;
    }
  | { readonly kind: "proxy" };

export interface Settings {
  readonly partition: string;
  /** This server in the boot network. */
  readonly network: Ipv4Interface;
  readonly address: string;
  readonly dhcp: DhcpMode;
  readonly ports: {
    readonly dhcpServer: number;
    readonly dhcpClient: number;
    readonly pxe: number;
    readonly tftp: number;
    readonly http: number;
    /** Undefined: /metrics is served on the HTTP port. */
    readonly metrics: number | undefined;
  };
  /** Where answers go to clients without an address. */
  readonly broadcastAddress: string;
  readonly metalApi: { readonly address: string; readonly credentials: ClientCredentials };
  readonly ipxeFolder: string;
  readonly filesFolder: string;
  readonly hammer: {
    readonly grpcAddress: string;
    readonly ntpServers: readonly string[];
    readonly console: string | undefined;
  };
}

const MAX_PORT = 65_535;

/** Reads PIXIECORE_*; the README lists them. Throws a {@link ConfigurationError} that names the bad one. */
export function readSettings(environment: Environment): Settings {
  const addressText = environment.text("ADDRESS");
  const network = parseIpv4Interface(addressText);
  if (!network) {
    throw new ConfigurationError(
      `PIXIECORE_ADDRESS must be an IPv4 address with prefix length like 10.255.0.2/24, not "${addressText}"`,
    );
  }
  const port = (name: string, standard: number) => environment.integer(name, standard, 0, MAX_PORT);
  const grpcAddress = environment.text("GRPC_ADDRESS");
  return {
    partition: environment.text("PARTITION_ID"),
    network,
    address: formatIpv4(network.address),
    dhcp: readDhcpMode(environment, network),
    ports: {
      dhcpServer: port("DHCP_PORT", 67),
      dhcpClient: port("DHCP_CLIENT_PORT", 68),
      pxe: port("PXE_PORT", 4011),
      tftp: port("TFTP_PORT", 69),
      http: port("HTTP_PORT", 4242),
      metrics: environment.optional("METRICS_PORT") === undefined ? undefined : port("METRICS_PORT", 0),
    },
    broadcastAddress: environment.text("DHCP_BROADCAST_ADDRESS", "255.255.255.255"),
    metalApi: {
      address: grpcAddress,
      credentials: {
        ca: environment.file("GRPC_CA_FILE"),
        cert: environment.file("GRPC_CERT_FILE"),
        key: environment.file("GRPC_KEY_FILE"),
      },
    },
    ipxeFolder: environment.text("IPXE_DIR", "/usr/lib/ipxe"),
    filesFolder: environment.text("FILES_DIR", "/var/lib/pixiecore/files"),
    hammer: {
      grpcAddress: environment.text("HAMMER_GRPC_ADDRESS", grpcAddress),
      ntpServers: environment.list("NTP_SERVERS"),
      console: environment.optional("CONSOLE"),
    },
  };
}

/** What the original's dhcpd gives (reference/partition-services.md 2.1). */
const LEASE_SECONDS = 172_800;
/** Long enough from the first DISCOVER to the boot script, short enough that a flood of MACs is soon over. */
const TRIAL_SECONDS = 120;
const MIN_LEASE_SECONDS = 60;
const MAX_LEASE_SECONDS = 31_536_000;

function readDhcpMode(environment: Environment, network: Ipv4Interface): DhcpMode {
  const mode = environment.text("DHCP_MODE");
  if (mode === "proxy") return { kind: "proxy" };
  if (mode !== "server") throw new ConfigurationError(`PIXIECORE_DHCP_MODE must be server or proxy, not "${mode}"`);
  const range = environment.text("DHCP_RANGE");
  const [first, last] = range.split("-").map((part) => parseIpv4(part.trim()));
  const inside = (address: number | undefined): address is number =>
    address !== undefined && address > network.network && address < network.broadcast;
  if (!inside(first) || !inside(last) || first > last) {
    throw new ConfigurationError(
      `PIXIECORE_DHCP_RANGE must be two addresses of the boot network like 10.255.0.100-10.255.0.200, not "${range}"`,
    );
  }
  const router = environment.optional("DHCP_ROUTER");
  const dns = environment.list("DHCP_DNS");
  for (const address of [router, ...dns]) {
    if (address !== undefined && parseIpv4(address) === undefined)
      throw new ConfigurationError(
        `PIXIECORE_DHCP_ROUTER and PIXIECORE_DHCP_DNS take IPv4 addresses, not "${address}"`,
      );
  }
  return {
    kind: "server",
    first,
    last,
    router,
    dns,
    leaseSeconds: environment.integer("DHCP_LEASE_SECONDS", LEASE_SECONDS, MIN_LEASE_SECONDS, MAX_LEASE_SECONDS),
    trialSeconds: environment.integer("DHCP_TRIAL_SECONDS", TRIAL_SECONDS, 1, MAX_LEASE_SECONDS),
    leaseFile: environment.text("LEASE_FILE", join("/var/lib/pixiecore", "dhcpd.leases")),
  };
}
