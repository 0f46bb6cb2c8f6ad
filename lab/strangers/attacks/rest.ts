// The REST API and what else listens in the control plane, as far as the boot network reaches it.
import assert from "node:assert/strict";
import { hmacHeaders } from "@metal-stack/sdk";
import { ADDRESSES } from "../../region/services.ts";
import type { Stage } from "../stage.ts";
import type { Attack } from "./attack.ts";
import { strangerAtHome } from "./stranger.ts";

const REST = { host: ADDRESSES.control, port: ADDRESSES.apiPort };
/** What every caller may know (reference/api-resources.md 3). */
const PUBLIC = /^\/metal\/v1\/(health|version)$|^\/metal\/apidocs\.json$/;

async function operations({ api }: Stage): Promise<{ method: string; path: string }[]> {
  const document = await api.get<{ paths: Record<string, Record<string, unknown>> }>("/apidocs.json");
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path: path.replace(/\{\w+\}/g, "x") })),
  );
}

type Headers = Record<string, string>;

async function nothingIsDone(stage: Stage, headers: (method: string) => Headers | Promise<Headers>): Promise<void> {
  await strangerAtHome(stage);
  const all = await operations(stage);
  assert.ok(all.length > 80, `${all.length} operations`);
  for (const { method, path } of all) {
    const full = path.startsWith("/metal") ? path : `/metal${path}`;
    if (PUBLIC.test(full)) continue;
    const answer = await stage.stranger.do("http", { ...REST, method, path: full, headers: await headers(method) });
    assert.ok(
      answer.status === 401 || answer.status === 403,
      `${method} ${full}: ${answer.status} ${answer.body.slice(0, 200)}`,
    );
  }
}

export const REST_API: readonly Attack[] = [
  {
    attack: "asks the REST API without a key",
    tried: "every operation of the API's own description, without any authorization",
    holds:
      "401 or 403; the API is reachable from the boot network only where the operator routes there, as this lab does",
    run: async (stage) => nothingIsDone(stage, () => ({})),
  },
  {
    attack: "asks the REST API with keys that are not its own",
    tried: "every operation, signed as Metal-Admin with the publicly known default key",
    holds: "401 or 403",
    run: async (stage) => nothingIsDone(stage, (method) => hmacHeaders("Metal-Admin", "must-be-changed", method)),
  },
  {
    attack: "asks the REST API in the name of a machine",
    tried: "every operation with a bearer token that is a boot ticket, and with a role that does not exist",
    holds: "401 or 403",
    run: async (stage) => {
      const ticket = await stage.victim.fetchTicket();
      await nothingIsDone(stage, () => ({ authorization: `Bearer ${ticket}` }));
      await strangerAtHome(stage);
      const headers = await hmacHeaders("Metal-Machine", ticket, "GET");
      const answer = await stage.stranger.do("http", { ...REST, path: "/metal/v1/machine", headers });
      assert.ok([401, 403].includes(answer.status), `${answer.status}`);
    },
  },
  {
    attack: "looks for other doors of the control plane",
    tried: "metrics of metal-api, PostgreSQL, a debugger",
    holds: "nothing listens towards the boot network but REST and gRPC",
    run: async (stage) => {
      await strangerAtHome(stage);
      for (const port of [2112, 5432, 9229, 80, 443]) {
        const taken = await stage.stranger.do("tcpHold", { host: ADDRESSES.control, port, count: 1, start: "" });
        assert.equal(taken, 0, `port ${port} is open`);
      }
      await stage.stranger.do("tcpRelease", undefined);
    },
  },
];
