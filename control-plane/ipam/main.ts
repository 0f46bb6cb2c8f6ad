// The IPAM as a process of its own. Settings: GOIPAM_… as the original's (reference/platform-services.md 1.10):
//   GRPC_SERVER_ENDPOINT (":9090"), METRICS_ENDPOINT (":2112"): host:port, without a host on all addresses
//   PG_HOST, PG_PORT, PG_USER, PG_PASSWORD, PG_DBNAME, PG_SSLMODE; or DATABASE_URL; or EMBEDDED_POSTGRES_DIR
// Nobody is asked who he is, as in the original: keep both ports inside the control plane's network.
import { provideDatabase } from "@metal-stack/database";
import { ConfigurationError, Environment, runService } from "@metal-stack/service";
import { type Endpoint, serveIpam } from "./serve.ts";

const PREFIX = "GOIPAM_";

function endpoint(environment: Environment, name: string, fallback: string): Endpoint {
  const text = environment.text(name, fallback);
  const match = /^(?:\[?([^[\]]*?)\]?):(\d{1,5})$/.exec(text);
  if (!match || Number(match[2]) > 65_535)
    throw new ConfigurationError(`${PREFIX}${name} must be host:port, not "${text}"`);
  return { host: match[1] || undefined, port: Number(match[2]) };
}

/** The original's settings as a URL; undefined when there is no host. */
function urlOf(environment: Environment): string | undefined {
  const host = environment.optional("PG_HOST");
  if (host === undefined) return environment.optional("DATABASE_URL");
  const url = new URL(`postgres://${host}:${environment.integer("PG_PORT", 5432, 1, 65_535)}`);
  url.username = environment.text("PG_USER", "go-ipam");
  url.password = environment.secret("PG_PASSWORD").reveal();
  url.pathname = environment.text("PG_DBNAME", "goipam");
  url.searchParams.set("sslmode", environment.text("PG_SSLMODE", "disable"));
  return url.href;
}

await runService("ipam", async ({ log, signal }) => {
  const environment = new Environment(PREFIX);
  const endpoints = {
    endpoint: endpoint(environment, "GRPC_SERVER_ENDPOINT", ":9090"),
    metricsEndpoint: endpoint(environment, "METRICS_ENDPOINT", ":2112"),
  };
  const database = await provideDatabase({
    url: urlOf(environment),
    directory: environment.optional("EMBEDDED_POSTGRES_DIR"),
    database: "ipam",
    log,
  });
  try {
    const server = await serveIpam({ databaseUrl: database.url, ...endpoints, log, signal });
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    await server.close();
  } finally {
    await database.stop();
  }
});
