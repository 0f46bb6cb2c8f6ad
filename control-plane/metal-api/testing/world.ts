// A metal-api for tests: real database, real server, no network. Stories are told through its REST API.
import { createHmac } from "node:crypto";
import { createRouterTransport } from "@connectrpc/connect";
import { Notifications, testDatabase } from "@metal-stack/database";
import { createLogger, Environment } from "@metal-stack/service";
import { readConfig, type HmacRole } from "../config.ts";
import type { Context } from "../context.ts";
import { MIGRATIONS } from "../database/migrations.ts";
import type { Schema } from "../database/schema.ts";
import { SETTINGS } from "../settings.ts";
import { createMasterdata, type Masterdata } from "../masterdata.ts";
import type { App, RouteModule } from "../rest/app.ts";
import { createRestServer } from "../rest/server.ts";
import { TEST_KEYRING } from "./keyring.ts";

export interface Answer<T> {
  readonly status: number;
  /** Parsed JSON; an error's is decoded twice, as a client does. */
  readonly body: T;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface World {
  readonly context: Context;
  /** Of the database, for processes. */
  readonly url: string;
  readonly app: App;
  /** Calls the API with the key of a role, or as the guest. */
  call<T = { statuscode: number; message: string }>(
    role: HmacRole | "guest",
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<T>>;
  close(): Promise<void>;
}

const TEST_KEYS: Readonly<Record<HmacRole, string>> = {
  view: "key-of-the-viewers",
  edit: "key-of-the-editors",
  admin: "key-of-the-admins",
};
export const TEST_ENVIRONMENT = Object.fromEntries(
  Object.entries(TEST_KEYS).map(([role, key]) => [`METAL_API_HMAC_${role.toUpperCase()}_KEY`, key]),
);
const SALT = "abcdefghijklmnopqrstuvwx";

/** The headers a client of that role sends. */
export function signed(role: HmacRole, method: string, now: Date): Record<string, string> {
  const date = now.toISOString().replace(/\.\d+Z$/, "Z");
  const mac = createHmac("sha256", TEST_KEYS[role]).update(date).update(method).update(SALT).digest("hex");
  const scheme = `Metal-${role[0]!.toUpperCase()}${role.slice(1)}`;
  return { authorization: `${scheme} ${mac}`, "x-date": date, "x-data-salt": SALT };
}

/** @param overrides parts of the context to replace: masterdata, clock, … */
export async function createWorld(
  routes: readonly RouteModule[],
  overrides: Partial<Omit<Context, "db" | "notifications">> & { env?: Record<string, string> } = {},
): Promise<World> {
  const { env, ...parts } = overrides;
  const database = await testDatabase<Schema>(MIGRATIONS);
  const notifications = new Notifications(database.url);
  await notifications.ready();
  const log = createLogger("metal-api");
  log.level = process.env["LOG_LEVEL"] ?? "silent";
  const config = readConfig(new Environment(SETTINGS, { ...TEST_ENVIRONMENT, ...env }));
  const context: Context = {
    db: database.db,
    notifications,
    masterdata: noMasterdata,
    log,
    config,
    keyring: TEST_KEYRING,
    clock: () => new Date(),
    ...parts,
  };
  const app = createRestServer(context, routes);
  return {
    context,
    url: database.url,
    app,
    call: async <T>(
      role: HmacRole | "guest",
      method: string,
      path: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ): Promise<Answer<T>> => {
      const response = await app.inject({
        method: method as "GET",
        url: config.basePath.slice(0, -1) + path,
        headers: {
          ...(role === "guest" ? {} : signed(role, method, context.clock())),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
      });
      const parsed: unknown = response.body === "" ? undefined : JSON.parse(response.body);
      const decoded: unknown = typeof parsed === "string" ? JSON.parse(parsed) : parsed;
      return { status: response.statusCode, body: decoded as T, headers: response.headers };
    },
    close: async () => {
      await app.close();
      await notifications.close();
      await database.drop();
    },
  };
}

/** Every project exists, and belongs to the provider; nothing else is known. */
export const noMasterdata: Masterdata = {
  ...createMasterdata(createRouterTransport(() => undefined)),
  project: async (id) => ({ id, name: id, tenantId: "metal-stack", quotas: {} }),
  tenantQuotas: async () => ({}),
  check: async () => undefined,
};
