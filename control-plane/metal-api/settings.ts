// Every setting of metal-api, METAL_API_<the original's flag> where the original has it (reference/api-resources.md 3.1).
import { declareSettings, type EnvironmentOf } from "@metal-stack/service";

const WITH_S3 = "required with METAL_API_S3_ADDRESS";
const WITH_CERTIFICATE = "required with METAL_API_GRPC_SERVER_CERT_FILE";

export const SETTINGS = declareSettings("METAL_API_", {
  BIND_ADDR: { about: "address that REST and gRPC listen on", default: "127.0.0.1" },
  PORT: { about: "TCP port of REST; 0 picks a free one", default: 8080 },
  BASE_PATH: { about: "prefix of all paths; starts and ends with a slash", default: "/" },
  GRPC_PORT: { about: "TCP port of gRPC, for agents; 0 picks a free one", default: 50051 },
  METRICS_BIND_ADDR: { about: "address that /metrics is served on", default: "127.0.0.1" },
  METRICS_PORT: { about: "TCP port of /metrics; 0 picks a free one", default: 2112 },

  DATABASE_URL: {
    about: "URL of a PostgreSQL, 15 or later",
    unset: "METAL_API_EMBEDDED_POSTGRES_DIR; one of the two must be set",
  },
  EMBEDDED_POSTGRES_DIR: { about: "folder of a PostgreSQL of our own, made at the first start", unset: "none" },
  SECRETS_KEY_FILE: {
    about: "file with the keys that seal passwords in the database, newest first; 32 bytes each, in base64",
    unset: "required; with an embedded PostgreSQL a file beside its folder, made at the first start",
  },

  MASTERDATA_ADDRESS: { about: "host:port of masterdata-api; not in the one-process control plane" },
  MASTERDATA_HMAC: { about: "the key of masterdata-api; not in the one-process control plane" },
  MASTERDATA_CAPATH: { about: "file with the CA of masterdata-api; not in the one-process control plane" },
  MASTERDATA_CERTPATH: { about: "file with our certificate for masterdata-api; not in the one-process control plane" },
  MASTERDATA_CERTKEYPATH: { about: "file with the key of that certificate; not in the one-process control plane" },

  PROVIDER_TENANT: { about: "tenant whose members may call at all", default: "metal-stack" },
  HMAC_VIEW_KEY: { about: "key of Metal-View; at least 16 characters, not another role's" },
  HMAC_EDIT_KEY: { about: "key of Metal-Edit, likewise" },
  HMAC_ADMIN_KEY: { about: "key of Metal-Admin, likewise" },
  HMAC_VIEW_LIFETIME: {
    about: "how far from now a signature may be, a duration like 30s or 5m; 0: however far",
    default: "30s",
  },
  HMAC_EDIT_LIFETIME: { about: "likewise", default: "30s" },
  HMAC_ADMIN_LIFETIME: { about: "likewise", default: "90s" },
  ALLOW_DEFAULT_KEYS: { about: "for labs: HMAC keys may be weak, and are publicly known when not set", default: false },
  DEX_ADDR: { about: "URL of dex, an issuer of tokens", unset: "none" },
  DEX_CLIENTID: { about: "client that dex's tokens are for", unset: "required with METAL_API_DEX_ADDR" },
  OIDC_ISSUERS_FILE: {
    about: "file with a JSON list of issuers of tokens, see control-plane/metal-api/tokens/settings.ts",
    unset: "none",
  },
  ISSUERCACHE_INTERVAL: {
    about: "how often the provider tenant's own issuer is read from masterdata, a duration",
    default: "30m",
  },
  RATE_LIMIT: { about: "requests a second of one caller, ten times as many after a pause; 0: no limit", default: 2000 },
  TRUSTED_PROXIES: { about: "addresses or CIDRs of proxies whose X-Forwarded-For is believed", unset: "none" },
  AUDITING_RETENTION_DAYS: { about: "how long the audit trail is kept, days; 0: for ever", default: 14 },
  PASSWORD_REASON_MINLENGTH: { about: "characters of a reason for reading a console password", default: 0 },
  MINIMUM_CLIENT_VERSION: { about: "oldest metalctl that may log in", default: "v0.0.1" },
  RELEASE_VERSION: { about: "release that /v1/version tells of", unset: "none" },

  GRPC_SERVER_CERT_FILE: { about: "file with the certificate of gRPC", unset: "gRPC is not served" },
  GRPC_SERVER_KEY_FILE: { about: "file with its key", unset: WITH_CERTIFICATE },
  GRPC_CA_CERT_FILE: { about: "file with the CA of agents and machines", unset: WITH_CERTIFICATE },
  GRPC_CA_KEY_FILE: { about: "file with the key of that CA: it signs certificates", unset: WITH_CERTIFICATE },
  RECORD_KEY_FILE: {
    about: "file with the Ed25519 key that signs erase records, PEM",
    unset: "erase-record-key.pem beside the CA's key, made at the first start",
  },
  LEGACY_AGENTS: { about: "whether the original's agents, which share one certificate, may call", default: false },
  BMC_REQUIRED: { about: "whether only machines get tenants whose BMC metal-bmc has found", default: true },

  S3_ADDRESS: { about: "URL of an S3 server with firmware", unset: "firmware is off" },
  S3_KEY: { about: "its access key", unset: WITH_S3 },
  S3_SECRET: { about: "its secret key", unset: WITH_S3 },
  S3_FIRMWARE_BUCKET: { about: "bucket, which must be there", unset: WITH_S3 },
  HEADSCALE_ADDR: { about: "URL of headscale's HTTP API", unset: "VPN is off" },
  HEADSCALE_API_KEY: { about: "API key of headscale", unset: "required with METAL_API_HEADSCALE_ADDR" },
  HEADSCALE_CP_ADDR: { about: "URL that VPN clients connect to", unset: "METAL_API_HEADSCALE_ADDR" },
});

export type MetalApiEnvironment = EnvironmentOf<typeof SETTINGS>;
