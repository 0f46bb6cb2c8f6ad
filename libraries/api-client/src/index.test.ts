import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ApiClient, ApiUnreachableError, hmacHeaders } from "./index.ts";

let server: Server | undefined;
afterEach(() => new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve())));

async function answering(status: number, body: string, seen: IncomingMessage[] = []): Promise<string> {
  server = createServer((request, response) => {
    seen.push(request);
    response.writeHead(status, { "content-type": "application/json", connection: "close" }).end(body);
  });
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metal/`;
}

describe("the API client", () => {
  it("signs date, method and salt", async () => {
    const seen: IncomingMessage[] = [];
    const url = await answering(200, "[]", seen);
    const api = new ApiClient({ url, hmac: { type: "Metal-Admin", key: "metal-admin" } });
    expect(await api.get("/v1/machine")).toEqual([]);
    expect(seen[0]!.url).toBe("/metal/v1/machine");
    const { authorization, "x-date": date, "x-data-salt": salt } = seen[0]!.headers;
    const mac = createHmac("sha256", "metal-admin")
      .update(`${String(date)}GET${String(salt)}`)
      .digest("hex");
    expect(authorization).toBe(`Metal-Admin ${mac}`);
  });

  it("makes salts of 24 letters and dates of whole seconds", () => {
    const headers = hmacHeaders("Metal-View", "k", "GET", new Date("2024-01-01T00:00:00.123Z"));
    expect(headers["x-data-salt"]).toMatch(/^[a-zA-Z]{24}$/);
    expect(headers["x-date"]).toBe("2024-01-01T00:00:00Z");
  });

  it.each([
    [
      "doubly encoded",
      JSON.stringify(JSON.stringify({ statuscode: 404, message: "NotFound no machine" })),
      "NotFound no machine",
    ],
    ["a plain object", JSON.stringify({ statuscode: 404, message: "gone" }), "gone"],
    ["a bare string", JSON.stringify("tenant x not allowed"), "tenant x not allowed"],
    ["not JSON", "bad gateway", "bad gateway"],
  ])("understands an error that is %s", async (_, body, message) => {
    const api = new ApiClient({ url: await answering(404, body) });
    await expect(api.delete("/v1/machine/x")).rejects.toMatchObject({ statusCode: 404, message });
  });

  it("says so when nobody answers", async () => {
    const api = new ApiClient({ url: "http://127.0.0.1:1" });
    await expect(api.get("/v1/version")).rejects.toThrow(ApiUnreachableError);
  });
});
