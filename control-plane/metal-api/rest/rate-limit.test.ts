// A flood is answered with 429, and harms nobody else: other callers, load balancers, agents.
import type { AddressInfo } from "node:net";
import { agent as protocol } from "@metal-stack/protocol";
import { Environment } from "@metal-stack/service";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { healthRoutes } from "../health/routes.ts";
import { machineRoutes } from "../machines/routes.ts";
import { type AgentWorld, createAgentWorld, createPartition, PARTITION } from "../testing/agents.ts";
import { createWorld, type World } from "../testing/world.ts";
import { versionRoutes } from "../version/routes.ts";
import { SETTINGS } from "../settings.ts";
import { rateSettings } from "./rate-limit.ts";
import { Buckets, networkOf } from "./rules-rate.ts";
import { createRestServer } from "./server.ts";

describe("a bucket", () => {
  it("gives what it has saved, then what comes in, whatever the order of requests", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 300 }),
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 50 }),
        (pauses, perSecond, burst) => {
          const buckets = new Buckets({ perSecond, burst });
          let [now, given] = [0, 0];
          for (const pause of pauses) {
            now += pause;
            const wait = buckets.take("ann", now);
            if (wait === 0) given += 1;
            else expect(wait).toBeLessThanOrEqual(1 / perSecond);
            expect(given).toBeLessThanOrEqual(burst + (now / 1000) * perSecond + 1e-6);
          }
          // Nobody is refused who asks no oftener than allowed.
          expect(buckets.take("ann", now + 1000 / perSecond + 1)).toBe(0);
        },
      ),
    );
  });

  it("is one for each of very many callers, and none when there is no limit", () => {
    const buckets = new Buckets({ perSecond: 1, burst: 1 });
    const waits = Array.from({ length: 50_000 }, (_, caller) => buckets.take(String(caller), 0));
    expect(new Set(waits)).toEqual(new Set([0]));
    expect(buckets.take("49999", 0)).toBeGreaterThan(0);
    const open = new Buckets({ perSecond: 0, burst: 0 });
    expect([open.take("a", 0), open.take("a", 0)]).toEqual([0, 0]);
  });

  it("is shared by all addresses of an IPv6 network", () => {
    expect(["2001:db8::1", "2001:db8:0:0:1:2:3:4", "2001:db8:0:1::1"].map(networkOf)).toEqual([
      "2001:db8:0:0",
      "2001:db8:0:0",
      "2001:db8:0:1",
    ]);
    expect(["::1", "1.2.3.4", "::ffff:1.2.3.4"].map(networkOf)).toEqual([":0:0:0", "1.2.3.4", "::ffff:1.2.3.4"]);
  });
});

describe("with one request a second", () => {
  let world: World;
  beforeAll(async () => {
    const env = { METAL_API_RATE_LIMIT: "1", METAL_API_TRUSTED_PROXIES: "127.0.0.1" };
    world = await createWorld([machineRoutes, versionRoutes, healthRoutes], { env });
  });
  afterAll(() => world.close());
  const many = async (role: "view" | "edit" | "guest", path: string, headers = {}) =>
    Promise.all(Array.from({ length: 30 }, () => world.call(role, "GET", path, undefined, headers)));
  const from = (address: string) => ({ "x-forwarded-for": address });

  it("a caller is told when it may ask again, in the form of all errors", async () => {
    const refused = (await many("view", "/v1/machine")).filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(10);
    for (const { status, headers, body } of refused) {
      expect([status, headers["retry-after"]]).toEqual([429, "1"]);
      expect(body).toEqual({ statuscode: 429, message: "too many requests, try again in 1 s" });
    }
  });

  it("others are not concerned: another key, another address, and strangers, who have a limit of their own", async () => {
    expect((await world.call("edit", "GET", "/v1/machine")).status).toBe(200);
    expect((await world.call("view", "GET", "/v1/machine", undefined, from("192.0.2.7"))).status).toBe(200);
    const strangers = (await many("guest", "/v1/machine", from("192.0.2.8"))).map(({ status }) => status);
    expect(new Set(strangers)).toEqual(new Set([403, 429]));
    const liars = await many("guest", "/v1/version", { ...from("192.0.2.9"), authorization: "Metal-Admin 00" });
    expect(new Set(liars.map(({ status }) => status))).toEqual(new Set([403, 429]));
  });

  it("a browser may always ask whether a page may ask, unless it shows credentials", async () => {
    const question = { origin: "https://console.example.org", "access-control-request-method": "GET" };
    const asked = async (headers: Record<string, string>) => {
      const ask = () => world.call("guest", "OPTIONS", "/v1/machine", undefined, { ...question, ...headers });
      const answers = await Promise.all(Array.from({ length: 30 }, ask));
      return new Set(answers.map(({ status }) => status));
    };
    expect(await asked(from("192.0.2.10"))).toEqual(new Set([200]));
    expect(await asked({ ...from("192.0.2.11"), authorization: "Metal-Admin 00" })).toEqual(new Set([403, 429]));
  });

  it("health is always told", async () => {
    for (const { status } of await many("guest", "/v1/health")) expect(status).toBe(200);
  });
});

describe("while somebody floods the REST API", () => {
  let world: AgentWorld;
  beforeAll(async () => void (world = await createAgentWorld()));
  afterAll(() => world.close());

  it("agents are answered", async () => {
    await createPartition(world);
    const client = world.client(protocol.BmcService, await world.certify("metal-bmc", PARTITION));
    const settings = rateSettings(new Environment(SETTINGS, { METAL_API_RATE_LIMIT: "20" }));
    const context = { ...world.context, config: { ...world.context.config, rate: settings } };
    const app = createRestServer(context, [versionRoutes]);
    await app.listen({ port: 0, host: "127.0.0.1" });
    const { port } = app.server.address() as AddressInfo;
    const answers = new Set<number>();
    const over = new AbortController();
    const flood = Promise.all(
      Array.from({ length: 20 }, async () => {
        while (!over.signal.aborted) {
          const answer = await fetch(`http://127.0.0.1:${port}/v1/version`);
          answers.add(answer.status);
          await answer.text();
        }
      }),
    );
    for (let call = 0; call < 20 || answers.size < 2; call++)
      expect(await client.report({ partitionId: PARTITION, reports: [] })).toMatchObject({
        $typeName: expect.any(String) as string,
      });
    over.abort();
    await flood;
    expect(answers).toEqual(new Set([200, 429]));
    await app.close();
  });
});
