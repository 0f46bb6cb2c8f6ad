import { HealthResponse } from "@metal-stack/api-schema";
import { sql } from "kysely";
import { Type } from "typebox";
import type { Context } from "../context.ts";
import type { RouteModule } from "../rest/app.ts";
import { type Check, summary } from "./rules.ts";

/** A service that has not answered by then is as good as gone. */
const TIMEOUT_MS = 5_000;

const CHECKS: Readonly<Record<string, (context: Context) => Promise<unknown>>> = {
  postgresql: ({ db }) => sql`select 1`.execute(db),
  "masterdata-api": ({ masterdata }) => masterdata.check(),
};

export const healthRoutes: RouteModule = (app, context) => {
  let running: Promise<Check[]> | undefined;
  /** Anybody may ask, as often as they like: all who ask meanwhile are told of the same checks. */
  const checks = () =>
    (running ??= Promise.all(Object.entries(CHECKS).map(([name, check]) => run(name, () => check(context)))).finally(
      () => (running = undefined),
    ));
  app.get(
    "/v1/health",
    {
      config: { role: "public" },
      schema: {
        operationId: "health",
        tags: ["health"],
        summary: "perform a healthcheck",
        querystring: Type.Object({ service: Type.Optional(Type.String()) }),
        response: { 200: HealthResponse, 500: HealthResponse },
      },
    },
    async ({ query }, reply) => {
      const { healthy, response } = summary(await checks(), query.service);
      return reply.code(healthy ? 200 : 500).send(response);
    },
  );
};

async function run(name: string, check: () => Promise<unknown>): Promise<Check> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeout.reject(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)), TIMEOUT_MS);
  try {
    await Promise.race([check(), timeout.promise]);
    return { name };
  } catch (error) {
    return { name, problem: (error as Error).message };
  } finally {
    clearTimeout(timer);
  }
}
