// What metal-api's settings say. They are declared in settings.ts; those of identity providers are read in tokens/settings.ts,
// of the firmware store in firmware/settings.ts, of the limit of requests in rest/rate-limit.ts.
import { dirname, join } from "node:path";
import { ConfigurationError, Secret } from "@metal-stack/service";
import { type FirmwareStoreSettings, firmwareStoreSettings } from "./firmware/settings.ts";
import type { MetalApiEnvironment } from "./settings.ts";
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
/** Of random letters as many take longer to guess than a signature is of use. */
const MIN_KEY_LENGTH = 16;

/** Reads and checks all settings. Throws ConfigurationError naming the variable. */
export function readConfig(environment: MetalApiEnvironment): Config {
  const providerTenant = environment.text("PROVIDER_TENANT");
  return {
    bindAddress: environment.text("BIND_ADDR"),
    port: environment.integer("PORT", 0, 65535),
    basePath: basePath(environment),
    grpcPort: environment.integer("GRPC_PORT", 0, 65535),
    metricsBindAddress: environment.text("METRICS_BIND_ADDR"),
    metricsPort: environment.integer("METRICS_PORT", 0, 65535),
    providerTenant,
    tokens: tokenSettings(environment, providerTenant),
    auditRetentionDays: environment.integer("AUDITING_RETENTION_DAYS", 0, 36_500),
    hmac: hmacCallers(environment),
    grpc: grpcIdentity(environment),
    legacyAgents: environment.flag("LEGACY_AGENTS"),
    bmcRequired: environment.flag("BMC_REQUIRED"),
    minimumClientVersion: clientVersion(environment),
    releaseVersion: environment.optional("RELEASE_VERSION"),
    passwordReasonMinLength: environment.integer("PASSWORD_REASON_MINLENGTH"),
    rate: rateSettings(environment),
    firmwareStore: firmwareStoreSettings(environment),
    headscale: headscaleSettings(environment),
  };
}

/** What metalctl compares itself with, and gives up on when it cannot read it. */
function clientVersion(environment: MetalApiEnvironment): string {
  const version = environment.text("MINIMUM_CLIENT_VERSION");
  if (!/^v?\d+\.\d+\.\d+(-[\w.-]+)?(\+[\w.-]+)?$/.test(version))
    throw new ConfigurationError(
      `METAL_API_MINIMUM_CLIENT_VERSION must be a semantic version like v0.1.0, not "${version}"`,
    );
  return version;
}

function basePath(environment: MetalApiEnvironment): string {
  const path = environment.text("BASE_PATH");
  if (!path.startsWith("/") || !path.endsWith("/")) {
    throw new ConfigurationError(`METAL_API_BASE_PATH must start and end with a slash, not "${path}"`);
  }
  return path;
}

function hmacCallers(environment: MetalApiEnvironment): Readonly<Record<HmacRole, HmacCaller>> {
  const allowWeak = environment.flag("ALLOW_DEFAULT_KEYS");
  const caller = (
    name: "HMAC_VIEW_KEY" | "HMAC_EDIT_KEY" | "HMAC_ADMIN_KEY",
    lifetimeMs: number,
    taken: readonly HmacCaller[],
  ): HmacCaller => {
    const isDefault = allowWeak && environment.optional(name) === undefined;
    const key = isDefault ? new Secret(DEFAULT_HMAC_KEY) : environment.secret(name);
    const weakness = allowWeak ? undefined : weaknessOf(key, taken);
    if (weakness !== undefined)
      throw new ConfigurationError(
        `METAL_API_${name} ${weakness}: set a key of its own, for example by openssl rand -hex 32, ` +
          `or METAL_API_ALLOW_DEFAULT_KEYS=true in a lab`,
      );
    return { key, lifetimeMs };
  };
  const view = caller("HMAC_VIEW_KEY", environment.duration("HMAC_VIEW_LIFETIME"), []);
  const edit = caller("HMAC_EDIT_KEY", environment.duration("HMAC_EDIT_LIFETIME"), [view]);
  const admin = caller("HMAC_ADMIN_KEY", environment.duration("HMAC_ADMIN_LIFETIME"), [view, edit]);
  return { view, edit, admin };
}

/** @param taken by weaker roles: who shares a key with a stronger one is as strong */
function weaknessOf(key: Secret, taken: readonly HmacCaller[]): string | undefined {
  const text = key.reveal();
  if (text === DEFAULT_HMAC_KEY) return "is the publicly known default";
  if (text.length < MIN_KEY_LENGTH) return `is shorter than ${MIN_KEY_LENGTH} characters`;
  if (taken.some((other) => other.key.reveal() === text)) return "is also the key of another role";
  return undefined;
}

function grpcIdentity(environment: MetalApiEnvironment): GrpcIdentity | undefined {
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
function recordKey(environment: MetalApiEnvironment): RecordSigner {
  const named = environment.optional("RECORD_KEY_FILE");
  const besideTheAuthority = join(dirname(environment.text("GRPC_CA_KEY_FILE")), "erase-record-key.pem");
  return readRecordKey(named ?? besideTheAuthority, named === undefined);
}
