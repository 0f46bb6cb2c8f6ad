import { formatIpv4, parseIpv4, parseIpv4Interface, type Ipv4Interface } from "@metal-stack/dhcp";
import { ConfigurationError, type ClientCredentials, declareSettings, type EnvironmentOf } from "@metal-stack/service";

const OF_SERVER_MODE = "required in server mode";

export const SETTINGS = declareSettings("PIXIECORE_", {
  PARTITION_ID: { about: "the partition; the client certificate names it too" },
  ADDRESS: {
    about: "own address in the boot network with prefix length; it must be the first of its interface",
  },
  GRPC_ADDRESS: { about: "host:port of metal-api's gRPC" },
  GRPC_CA_FILE: { about: "file with the CA of metal-api" },
  GRPC_CERT_FILE: { about: "file with our certificate" },
  GRPC_KEY_FILE: { about: "file with its key" },
  DHCP_MODE: {
    about: "server gives addresses; proxy adds what to boot beside another DHCP server, also on the same host",
  },
  DHCP_RANGE: { about: "addresses to give, first-last", unset: OF_SERVER_MODE },
  DHCP_ROUTER: { about: "IPv4 address of the router that clients are told", unset: "none" },
  DHCP_DNS: { about: "IPv4 addresses of DNS servers that clients are told", unset: "none" },
  DHCP_LEASE_SECONDS: {
    about: "how long an address is given for, 60 s to a year; ours as the original's dhcpd",
    default: 172_800,
  },
  // Long enough from the first DISCOVER to the boot script, short enough that a flood of MACs is soon over.
  DHCP_TRIAL_SECONDS: {
    about: "how long a client holds its address before metal-api has a boot script for it, seconds",
    default: 120,
  },
  LEASE_FILE: { about: "the leases, in the format of ISC dhcpd", default: "/var/lib/pixiecore/dhcpd.leases" },
  IPXE_DIR: { about: "has undionly.kpxe and snponly.efi (Debian's package ipxe)", default: "/usr/lib/ipxe" },
  FILES_DIR: { about: "kernels and initial RAM disks, served below /files/", default: "/var/lib/pixiecore/files" },
  HAMMER_GRPC_ADDRESS: { about: "host:port of metal-api's gRPC as hammers see it", unset: "PIXIECORE_GRPC_ADDRESS" },
  NTP_SERVERS: { about: "that hammers are told", unset: "none" },
  CONSOLE: { about: "that hammers are told, as in the kernel's console=", unset: "the kernel's" },
  HTTP_PORT: { about: "TCP port of HTTP", default: 4242 },
  METRICS_PORT: { about: "TCP port of /metrics", unset: "PIXIECORE_HTTP_PORT" },
  DHCP_PORT: { about: "for tests: UDP port of DHCP", default: 67 },
  DHCP_CLIENT_PORT: { about: "for tests: UDP port of DHCP clients", default: 68 },
  PXE_PORT: { about: "for tests: UDP port of PXE's boot service", default: 4011 },
  TFTP_PORT: { about: "for tests: UDP port of TFTP", default: 69 },
  DHCP_BROADCAST_ADDRESS: {
    about: "for tests: where answers go to clients without an address",
    default: "255.255.255.255",
  },
});

type PixiecoreEnvironment = EnvironmentOf<typeof SETTINGS>;

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
type PortSetting = Extract<keyof (typeof SETTINGS)["settings"], `${string}PORT`>;

/** Throws a {@link ConfigurationError} that names the bad one. */
export function readSettings(environment: PixiecoreEnvironment): Settings {
  const addressText = environment.text("ADDRESS");
  const network = parseIpv4Interface(addressText);
  if (!network) {
    throw new ConfigurationError(
      `PIXIECORE_ADDRESS must be an IPv4 address with prefix length like 10.255.0.2/24, not "${addressText}"`,
    );
  }
  const port = (name: PortSetting) => environment.integer(name, 0, MAX_PORT);
  const grpcAddress = environment.text("GRPC_ADDRESS");
  return {
    partition: environment.text("PARTITION_ID"),
    network,
    address: formatIpv4(network.address),
    dhcp: readDhcpMode(environment, network),
    ports: {
      dhcpServer: port("DHCP_PORT"),
      dhcpClient: port("DHCP_CLIENT_PORT"),
      pxe: port("PXE_PORT"),
      tftp: port("TFTP_PORT"),
      http: port("HTTP_PORT"),
      metrics: environment.optional("METRICS_PORT") === undefined ? undefined : port("METRICS_PORT"),
    },
    broadcastAddress: environment.text("DHCP_BROADCAST_ADDRESS"),
    metalApi: {
      address: grpcAddress,
      credentials: {
        ca: environment.file("GRPC_CA_FILE"),
        cert: environment.file("GRPC_CERT_FILE"),
        key: environment.file("GRPC_KEY_FILE"),
      },
    },
    ipxeFolder: environment.text("IPXE_DIR"),
    filesFolder: environment.text("FILES_DIR"),
    hammer: {
      grpcAddress: environment.optional("HAMMER_GRPC_ADDRESS") ?? grpcAddress,
      ntpServers: environment.list("NTP_SERVERS"),
      console: environment.optional("CONSOLE"),
    },
  };
}

const MIN_LEASE_SECONDS = 60;
const MAX_LEASE_SECONDS = 31_536_000;

function readDhcpMode(environment: PixiecoreEnvironment, network: Ipv4Interface): DhcpMode {
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
    leaseSeconds: environment.integer("DHCP_LEASE_SECONDS", MIN_LEASE_SECONDS, MAX_LEASE_SECONDS),
    trialSeconds: environment.integer("DHCP_TRIAL_SECONDS", 1, MAX_LEASE_SECONDS),
    leaseFile: environment.text("LEASE_FILE"),
  };
}
