// The original's one counter in Prometheus' text format (reference/partition-services.md 1.3).
import { once } from "node:events";
import { createServer } from "node:http";

export type Operation = "send-provisioning" | "switch-reconfiguration" | "reconfiguration-notification";

export class Metrics {
  readonly #errors = new Map<Operation, number>([
    ["send-provisioning", 0],
    ["switch-reconfiguration", 0],
    ["reconfiguration-notification", 0],
  ]);

  failed(operation: Operation): void {
    this.#errors.set(operation, (this.#errors.get(operation) ?? 0) + 1);
  }

  render(): string {
    const lines = [...this.#errors].map(
      ([operation, count]) => `metal_core_total_errors{operation="${operation}"} ${count}`,
    );
    const head = ["# HELP metal_core_total_errors Operations that failed", "# TYPE metal_core_total_errors counter"];
    return `${[...head, ...lines].join("\n")}\n`;
  }

  /** Serves /metrics until the signal aborts. @throws Error when the port is taken */
  async serve(port: number, signal: AbortSignal): Promise<void> {
    const server = createServer((request, response) => {
      if (request.url !== "/metrics") return void response.writeHead(404).end();
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(this.render());
    });
    server.listen(port);
    await once(server, "listening");
    signal.addEventListener("abort", () => server.close());
  }
}
