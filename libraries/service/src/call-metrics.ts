// How many calls, and how long they took: the original's metric (OpenTelemetry's rpc.server.duration) in Prometheus' text.
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const NAME = "rpc_server_duration_milliseconds";
/** OpenTelemetry's default bounds. */
const BOUNDS = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000];

interface Durations {
  readonly labels: string;
  readonly buckets: number[];
  count: number;
  sum: number;
}

/** Labels are methods and codes: a bounded number, whatever strangers ask for. */
export class CallMetrics {
  readonly #durations = new Map<string, Durations>();

  readonly interceptor: Interceptor = (next) => async (request) => {
    const started = performance.now();
    let code = "ok";
    try {
      return await next(request);
    } catch (error) {
      code = Code[ConnectError.from(error).code] ?? "unknown";
      throw error;
    } finally {
      this.#observe(request.service.typeName, request.method.name, code, performance.now() - started);
    }
  };

  #observe(service: string, method: string, code: string, milliseconds: number): void {
    const labels = `rpc_service="${service}",rpc_method="${method}",rpc_code="${code}"`;
    let durations = this.#durations.get(labels);
    if (!durations) {
      durations = { labels, buckets: BOUNDS.map(() => 0), count: 0, sum: 0 };
      this.#durations.set(labels, durations);
    }
    durations.count += 1;
    durations.sum += milliseconds;
    for (const [index, bound] of BOUNDS.entries()) if (milliseconds <= bound) durations.buckets[index]! += 1;
  }

  /** Prometheus' text format 0.0.4. */
  render(): string {
    const lines = [...this.#durations.values()].flatMap(({ labels, buckets, count, sum }) => [
      ...BOUNDS.map((bound, index) => `${NAME}_bucket{${labels},le="${bound}"} ${buckets[index]}`),
      `${NAME}_bucket{${labels},le="+Inf"} ${count}`,
      `${NAME}_sum{${labels}} ${sum}`,
      `${NAME}_count{${labels}} ${count}`,
    ]);
    return [
      `# HELP ${NAME} Time from a call to its answer`,
      `# TYPE ${NAME} histogram`,
      ...lines,
      "# TYPE process_resident_memory_bytes gauge",
      `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
      "",
    ].join("\n");
  }
}

/** Serves `/metrics`; resolves when it listens. */
export async function serveMetrics(
  metrics: CallMetrics,
  host: string | undefined,
  port: number,
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    if (request.method !== "GET" || request.url !== "/metrics") return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(metrics.render());
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
