// The IPAM as a process of its own. Settings: settings.ts.
// Nobody is asked who he is, as in the original: keep both ports inside the control plane's network.
import { provideDatabase } from "@metal-stack/database";
import { ConfigurationError, Environment, type EnvironmentOf, runService, stopped } from "@metal-stack/service";
import { type Endpoint, serveIpam } from "./serve.ts";
import { SETTINGS } from "./settings.ts";

type IpamEnvironment = EnvironmentOf<typeof SETTINGS>;

function endpoint(environment: IpamEnvironment, name: "GRPC_SERVER_ENDPOINT" | "METRICS_ENDPOINT"): Endpoint {
  const text = environment.text(name);
  const match = /^(?:\[?([^[\]]*?)\]?):(\d{1,5})$/.exec(text);
  if (!match || Number(match[2]) > 65_535)
    throw new ConfigurationError(`${SETTINGS.prefix}${name} must be host:port, not "${text}"`);
  return { host: match[1] || undefined, port: Number(match[2]) };
}

/** The original's settings as a URL; undefined when there is no host. */
function urlOf(environment: IpamEnvironment): string | undefined {
  const host = environment.optional("PG_HOST");
  if (host === undefined) return environment.optional("DATABASE_URL");
  const url = new URL(`postgres://${host}:${environment.integer("PG_PORT", 1, 65_535)}`);
  url.username = environment.text("PG_USER");
  url.password = environment.secret("PG_PASSWORD").reveal();
  url.pathname = environment.text("PG_DBNAME");
  url.searchParams.set("sslmode", environment.text("PG_SSLMODE"));
  return url.href;
}

await runService("ipam", async ({ log, signal }) => {
  const environment = Environment.read(SETTINGS, log);
  const endpoints = {
    endpoint: endpoint(environment, "GRPC_SERVER_ENDPOINT"),
    metricsEndpoint: endpoint(environment, "METRICS_ENDPOINT"),
  };
  const database = await provideDatabase({
    url: urlOf(environment),
    directory: environment.optional("EMBEDDED_POSTGRES_DIR"),
    database: "ipam",
    log,
  });
  try {
    const server = await serveIpam({ databaseUrl: database.url, ...endpoints, log, signal });
    await stopped(signal);
    await server.close();
  } finally {
    await database.stop();
  }
});
