// What the boot server tells every machine of its partition; nothing of it is secret.

export interface PartitionConfig {
  readonly partition: string;
  /** "host:port" of metal-api's gRPC. */
  readonly grpcAddress: string;
  /** PEM; metal-api's certificate must come from it. */
  readonly caCert: string;
  readonly ntpServers: readonly string[];
}

const MOST_NTP_SERVERS = 5;

/** @throws {Error} that names the member that is missing or malformed */
export function parsePartitionConfig(json: string): PartitionConfig {
  const document: unknown = JSON.parse(json);
  if (typeof document !== "object" || document === null) throw new Error("the configuration is no JSON object");
  const members = document as Record<string, unknown>;
  const text = (name: string) => {
    const value = members[name];
    if (typeof value !== "string" || value === "") throw new Error(`the configuration has no text "${name}"`);
    return value;
  };
  const ntp = members["ntp_servers"] ?? [];
  if (!Array.isArray(ntp)) throw new Error('the configuration\'s "ntp_servers" is no list');
  return {
    partition: text("partition"),
    grpcAddress: text("grpc_address"),
    caCert: text("ca_cert"),
    ntpServers: ntp.filter((server) => typeof server === "string").slice(0, MOST_NTP_SERVERS),
  };
}
