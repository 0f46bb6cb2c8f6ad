import { createGrpcTransport } from "@connectrpc/connect-node";
import type { HealthResponse } from "@metal-stack/api-schema";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createMasterdata } from "../masterdata.ts";
import { createWorld, type World } from "../testing/world.ts";
import { healthRoutes } from "./routes.ts";

/** Nobody listens there. */
const NOWHERE = "http://127.0.0.1:1";

let world: World;
beforeAll(async () => {
  world = await createWorld([healthRoutes], {
    masterdata: createMasterdata(createGrpcTransport({ baseUrl: NOWHERE })),
  });
});
afterAll(() => world.close());

it("tells strangers with 500, and as a plain object, which part is away", async () => {
  const { statusCode, body } = await world.app.inject("/v1/health");
  const health = JSON.parse(body) as HealthResponse;
  expect([statusCode, health]).toEqual([
    500,
    {
      status: "partial-outage",
      message: health.services!["masterdata-api"]!.message,
      services: {
        postgresql: { status: "healthy", message: "" },
        "masterdata-api": { status: "unhealthy", message: expect.stringContaining("ECONNREFUSED") as string },
      },
    },
  ]);
  const one = await world.call<HealthResponse>("guest", "GET", "/v1/health?service=postgresql");
  expect([one.status, one.body]).toMatchObject([500, { status: "healthy", message: "" }]);
  const none = await world.call<HealthResponse>("guest", "GET", "/v1/health?service=rethinkdb");
  expect([none.status, none.body]).toMatchObject([500, { status: "", message: "" }]);
});
