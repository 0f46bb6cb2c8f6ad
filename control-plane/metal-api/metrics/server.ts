// Metrics on a port of their own, which no stranger needs to reach.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exposition, type Family } from "./rules-exposition.ts";

/** Serves `/metrics`; resolves when it listens. */
export async function serveMetrics(
  address: string,
  port: number,
  families: () => Family[],
): Promise<{ port: number; close(): Promise<void> }> {
  const server: Server = createServer((request, response) => {
    if (request.method !== "GET" || request.url !== "/metrics") return void response.writeHead(404).end();
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(exposition([...families(), ...processFamilies()]));
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, address, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function processFamilies(): Family[] {
  const { user, system } = process.cpuUsage();
  const one = (name: string, help: string, type: "counter" | "gauge", value: number): Family => ({
    name,
    help,
    type,
    samples: [{ name, labels: {}, value }],
  });
  return [
    one("process_resident_memory_bytes", "Resident memory", "gauge", process.memoryUsage.rss()),
    one("process_cpu_seconds_total", "CPU time spent", "counter", (user + system) / 1e6),
  ];
}
