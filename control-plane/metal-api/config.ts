// The settings of metal-api: environment variables METAL_API_<the original's flag>, reference/api-resources.md 3.1.
// Those of identity providers are in tokens/settings.ts, of the firmware store in firmware/settings.ts, of the limit of requests
// in rest/rate-limit.ts.
import { dirname, join } from "node:path";
import { ConfigurationError, type Environment, Secret } from "@metal-stack/service";
import { type FirmwareStoreSettings, firmwareStoreSettings } from "./firmware/settings.ts";
import { rateSettings, type RateSettings } from "./rest/rate-limit.ts";
import { type HeadscaleSettings, headscaleSettings } from "./vpn/settings.ts";
import { type TokenSettings, tokenSettings } from "./tokens/settings.ts";
import { readRecordKey, type RecordSigner } from "./release/record-key.ts";

/** The three callers with a shared key. */
export type HmacRole = "view" | "edit" | "admin";

interface HmacCaller {
  readonly key: Secret;
  /** How old a signed date may be, in milliseconds; 0 switches the check off. */
  readonly lifetimeMs: number;
}

/** PEM. The CA signs the certificates of agents and machines, the record key (Ed25519) what was erased. */
export interface GrpcIdentity {
  readonly cert: string;
  readonly key: Secret;
  readonly caCert: string;
  readonly caKey: Secret;
  readonly recordKey: RecordSigner;
}

export interface Config {
  readonly bindAddress: string;
  readonly port: number;
  /** Starts and ends with a slash. */
  readonly basePath: string;
  readonly grpcPort: number;
  readonly metricsBindAddress: string;
  /** 0 picks a free port. */
  readonly metricsPort: number;
  readonly providerTenant: string;
  readonly tokens: TokenSettings;
  /** How long the audit trail is kept; 0: for ever. */
  readonly auditRetentionDays: number;
  readonly hmac: Readonly<Record<HmacRole, HmacCaller>>;
  /** Undefined: gRPC is not served. */
  readonly grpc: GrpcIdentity | undefined;
  /** Whether the original's agents, which share one certificate that names nobody, may call. */
  readonly legacyAgents: boolean;
  /** Whether only machines get tenants whose BMC metal-bmc has found: anybody on the boot network can be a machine. */
  readonly bmcRequired: boolean;
  readonly minimumClientVersion: string;
  readonly releaseVersion: string | undefined;
  readonly passwordReasonMinLength: number;
  readonly rate: RateSettings;
  readonly firmwareStore: FirmwareStoreSettings | undefined;
  readonly headscale: HeadscaleSettings | undefined;
}

/** The original's default; everybody knows it. */
const DEFAULT_HMAC_KEY = "must-be-changed";
/** The original's. */
const DEFAULT_RETENTION_DAYS = 14;
const DEFAULT_LIFETIME_SECONDS: Readonly<Record<HmacRole, number>> = { view: 30, edit: 30, admin: 90 };

/** Reads and checks all settings. Throws ConfigurationError naming the variable. */
export function readConfig(environment: Environment): Config {
  const providerTenant = environment.text("PROVIDER_TENANT", "metal-stack");
  return {
    bindAddress: environment.text("BIND_ADDR", "127.0.0.1"),
    port: environment.integer("PORT", 8080, 0, 65535),
    basePath: basePath(environment),
    grpcPort: environment.integer("GRPC_PORT", 50051, 0, 65535),
    metricsBindAddress: environment.text("METRICS_BIND_ADDR", "127.0.0.1"),
    metricsPort: environment.integer("METRICS_PORT", 2112, 0, 65535),
    providerTenant,
    tokens: tokenSettings(environment, providerTenant),
    auditRetentionDays: environment.integer("AUDITING_RETENTION_DAYS", DEFAULT_RETENTION_DAYS, 0, 36_500),
    hmac: {
      view: hmacCaller(environment, "view"),
      edit: hmacCaller(environment, "edit"),
      admin: hmacCaller(environment, "admin"),
    },
    grpc: grpcIdentity(environment),
    legacyAgents: environment.flag("LEGACY_AGENTS", false),
    bmcRequired: environment.flag("BMC_REQUIRED", true),
    minimumClientVersion: environment.text("MINIMUM_CLIENT_VERSION", "v0.0.1"),
    releaseVersion: environment.optional("RELEASE_VERSION"),
    passwordReasonMinLength: environment.integer("PASSWORD_REASON_MINLENGTH", 0),
    rate: rateSettings(environment),
    firmwareStore: firmwareStoreSettings(environment),
    headscale: headscaleSettings(environment),
  };
}

function basePath(environment: Environment): string {
  const path = environment.text("BASE_PATH", "/");
  if (!path.startsWith("/") || !path.endsWith("/")) {
    throw new ConfigurationError(`METAL_API_BASE_PATH must start and end with a slash, not "${path}"`);
  }
  return path;
}

function hmacCaller(environment: Environment, role: HmacRole): HmacCaller {
  const name = `HMAC_${role.toUpperCase()}`;
  const allowDefault = environment.flag("ALLOW_DEFAULT_KEYS", false);
  const key = environment.secret(`${name}_KEY`, allowDefault ? DEFAULT_HMAC_KEY : undefined);
  if (key.reveal() === DEFAULT_HMAC_KEY && !allowDefault) {
    throw new ConfigurationError(
      `METAL_API_${name}_KEY is the publicly known default: set a key of your own, ` +
        `or METAL_API_ALLOW_DEFAULT_KEYS=true in a lab`,
    );
  }
  const lifetime = environment.integer(`${name}_LIFETIME_SECONDS`, DEFAULT_LIFETIME_SECONDS[role]);
  return { key, lifetimeMs: lifetime * 1000 };
}

function grpcIdentity(environment: Environment): GrpcIdentity | undefined {
  if (environment.optional("GRPC_SERVER_CERT_FILE") === undefined) return undefined;
  return {
    cert: environment.file("GRPC_SERVER_CERT_FILE"),
    key: new Secret(environment.file("GRPC_SERVER_KEY_FILE")),
    caCert: environment.file("GRPC_CA_CERT_FILE"),
    caKey: new Secret(environment.file("GRPC_CA_KEY_FILE")),
    recordKey: recordKey(environment),
  };
}

/** A key that is named must be there; else one is kept, and at the first start made, beside the authority's. */
function recordKey(environment: Environment): RecordSigner {
  const named = environment.optional("RECORD_KEY_FILE");
  const besideTheAuthority = join(dirname(environment.text("GRPC_CA_KEY_FILE")), "erase-record-key.pem");
  return readRecordKey(named ?? besideTheAuthority, named === undefined);
}
