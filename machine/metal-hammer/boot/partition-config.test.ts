import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { fetchPartitionConfig } from "./partition-config.ts";
import { parsePartitionConfig } from "./rules-partition-config.ts";

const CONFIG = { partition: "fra-1", grpc_address: "10.0.0.1:50051", ca_cert: "PEM", ntp_servers: ["10.0.0.2"] };
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/config`;
}

describe("the partition's configuration", () => {
  it("comes from the boot server, with the time", async () => {
    const url = await serve((_, response) => {
      response.setHeader("date", "Mon, 23 Nov 2026 16:00:00 GMT");
      response.end(JSON.stringify(CONFIG));
    });
    expect(await fetchPartitionConfig(url)).toEqual({
      config: { partition: "fra-1", grpcAddress: "10.0.0.1:50051", caCert: "PEM", ntpServers: ["10.0.0.2"] },
      serverTime: new Date("2026-11-23T16:00:00Z"),
    });
  });

  it("is not believed when it is endless, or no answer at all", async () => {
    const endless = await serve((_, response) => void response.end("x".repeat(1_000_000)));
    await expect(fetchPartitionConfig(endless)).rejects.toThrow("more than 262144 bytes");
    const broken = await serve((_, response) => void response.writeHead(503).end());
    await expect(fetchPartitionConfig(broken)).rejects.toThrow("HTTP status 503");
  });

  it.each([
    ["null", "no JSON object"],
    ["{}", '"partition"'],
    [JSON.stringify({ ...CONFIG, grpc_address: 7 }), '"grpc_address"'],
    [JSON.stringify({ ...CONFIG, ntp_servers: "a" }), '"ntp_servers"'],
  ])("that reads %s is refused", (json, reason) => expect(() => parsePartitionConfig(json)).toThrow(reason));
});
