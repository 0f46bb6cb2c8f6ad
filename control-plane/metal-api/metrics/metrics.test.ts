import { afterAll, beforeAll, expect, it } from "vitest";
import { RequestMetrics } from "./requests.ts";
import { exposition, labelText } from "./rules-exposition.ts";
import { serveMetrics } from "./server.ts";

const metrics = new RequestMetrics();
let server: Awaited<ReturnType<typeof serveMetrics>>;
beforeAll(async () => {
  server = await serveMetrics("127.0.0.1", 0, () => metrics.families());
});
afterAll(() => server.close());

it("requests are counted by status and timed by route", () => {
  metrics.observe({ method: "GET", route: "/v1/size/:id", statusCode: 200, seconds: 0.02 });
  metrics.observe({ method: "GET", route: "/v1/size/:id", statusCode: 404, seconds: 3 });
  const lines = exposition(metrics.families()).split("\n");
  expect(lines).toContain('metal_api_requests_total{code="404",method="GET"} 1');
  const of = (le: string) => `metal_api_request_duration_seconds_bucket{route="/v1/size/:id",method="GET",le="${le}"}`;
  expect(lines).toContain(`${of("0.005")} 0`);
  expect(lines).toContain(`${of("0.025")} 1`);
  expect(lines).toContain(`${of("5")} 2`);
  expect(lines).toContain(`${of("+Inf")} 2`);
  expect(lines).toContain('metal_api_request_duration_seconds_sum{route="/v1/size/:id",method="GET"} 3.02');
});

it("labels are escaped", () => {
  expect(labelText({ a: 'x"\\\n' })).toBe(String.raw`{a="x\"\\\n"}`);
});

it("are served in Prometheus' format, and nothing else is", async () => {
  const url = `http://127.0.0.1:${server.port}`;
  const answer = await fetch(`${url}/metrics`);
  expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4");
  expect(await answer.text()).toMatch(/^process_resident_memory_bytes \d+$/m);
  expect((await fetch(`${url}/`)).status).toBe(404);
});
