import { type ClientCredentials, ConfigurationError, declareSettings, type EnvironmentOf } from "@metal-stack/service";
import type { BmcLogin } from "./bmc/bmc.ts";
import { type CandidateSources, parseCidrs } from "./discovery/candidates.ts";

export const SETTINGS = declareSettings("METAL_BMC_", {
  PARTITION_ID: { about: "partition of the BMCs; the client certificate names it too" },
  GRPC_ADDRESS: { about: "host:port of metal-api's gRPC" },
  GRPC_CA_FILE: { about: "file with the CA of metal-api" },
  GRPC_CERT_FILE: { about: "file with our certificate" },
  GRPC_KEY_FILE: { about: "file with its key" },
  BMCS_FILE: { about: "file that lists the BMCs", unset: "METAL_BMC_LEASE_FILE; at least one of the two must be set" },
  LEASE_FILE: { about: "file with the leases of the BMCs' DHCP server, ISC's format", unset: "METAL_BMC_BMCS_FILE" },
  ALLOWED_CIDRS: { about: "CIDRs that BMCs are looked for in", unset: "any" },
  IGNORE_MACS: { about: "MACs in the lease file that are no BMCs", unset: "none" },
  IPMI_USER: { about: "logs in to BMCs that have no login of their own yet" },
  IPMI_PASSWORD: { about: "likewise" },
  REPORT_INTERVAL: { about: "how often BMCs are asked: 500ms, 90s, 5m, 1h; seconds without a unit", default: "60s" },
});

export interface Settings {
  readonly partitionId: string;
  readonly grpcAddress: string;
  readonly credentials: ClientCredentials;
  readonly sources: CandidateSources;
  /** Logs in to BMCs that have no login of their own yet. */
  readonly discoveryLogin: BmcLogin;
  readonly reportIntervalMs: number;
}

/** Throws ConfigurationError. */
export function readSettings(environment: EnvironmentOf<typeof SETTINGS>): Settings {
  const sources = {
    bmcsFile: environment.optional("BMCS_FILE"),
    leaseFile: environment.optional("LEASE_FILE"),
    allowedCidrs: environment.list("ALLOWED_CIDRS"),
    ignoreMacs: environment.list("IGNORE_MACS"),
  };
  if (!sources.bmcsFile && !sources.leaseFile)
    throw new ConfigurationError("set METAL_BMC_BMCS_FILE, METAL_BMC_LEASE_FILE or both: where else are the BMCs?");
  parseCidrs(sources.allowedCidrs);
  return {
    partitionId: environment.text("PARTITION_ID"),
    grpcAddress: environment.text("GRPC_ADDRESS"),
    credentials: {
      ca: environment.file("GRPC_CA_FILE"),
      cert: environment.file("GRPC_CERT_FILE"),
      key: environment.file("GRPC_KEY_FILE"),
    },
    sources,
    discoveryLogin: { user: environment.text("IPMI_USER"), password: environment.secret("IPMI_PASSWORD") },
    reportIntervalMs: environment.duration("REPORT_INTERVAL", 1),
  };
}
