// Every setting of the IPAM as a service, named as the original's (reference/platform-services.md 1.10).
import { declareSettings } from "@metal-stack/service";

export const SETTINGS = declareSettings("GOIPAM_", {
  GRPC_SERVER_ENDPOINT: { about: "host:port of gRPC; without a host on all addresses", default: ":9090" },
  METRICS_ENDPOINT: { about: "host:port of /metrics; likewise", default: ":2112" },
  PG_HOST: { about: "host of a PostgreSQL", unset: "GOIPAM_DATABASE_URL" },
  PG_PORT: { about: "its TCP port", default: 5432 },
  PG_USER: { about: "user", default: "go-ipam" },
  PG_PASSWORD: { about: "password", unset: "required with GOIPAM_PG_HOST" },
  PG_DBNAME: { about: "database", default: "goipam" },
  PG_SSLMODE: { about: "as libpq's sslmode", default: "disable" },
  DATABASE_URL: { about: "URL of a PostgreSQL", unset: "GOIPAM_EMBEDDED_POSTGRES_DIR" },
  EMBEDDED_POSTGRES_DIR: { about: "folder of a PostgreSQL of our own, made at the first start", unset: "none" },
});
