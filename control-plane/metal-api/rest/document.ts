// apidocs.json: the API's Swagger 2.0 document, made from the schemas of the routes. Operation ids and definition names
// are the original's, so that clients generated from either fit both (reference/api-resources.md 3.4, chapters 9 and 10).
import swagger from "@fastify/swagger";
import { Bases, EmptyBody, ErrorResponse } from "@metal-stack/api-schema";
import type { App } from "./app.ts";

const API_KEY = { type: "apiKey", name: "Authorization", in: "header" } as const;

/** Refusals that the original declares besides the default one; the first pattern that fits an operation's id counts. */
const DECLARED_REFUSALS: readonly (readonly [RegExp, readonly number[]])[] = [
  [/^update(Project|Tenant)$/, [412]],
  [/^updateFirmware$/, []],
  [/^(create|update|freeNetwork|allocate(Network|IP|SpecificIP)$)/, [409]],
  [/^toggleSwitchPort$/, [400, 409]],
  [/^reinstallMachine$/, [400]],
];

const REFUSAL = { $ref: "httperrors.HTTPErrorResponse#" };

export function serveDocument(
  app: App,
  basePath: string,
  share: (definition: Readonly<Record<string, unknown>>) => void,
): void {
  app.register(swagger, {
    swagger: {
      info: {
        title: "metal-api",
        version: "v1",
        description: "Servers, switches, networks and addresses as a cloud.",
        license: { name: "Apache-2.0" },
      },
      basePath,
      consumes: ["application/json"],
      produces: ["application/json"],
      securityDefinitions: {
        HMAC: {
          ...API_KEY,
          description: "`Metal-View|Metal-Edit|Metal-Admin <hex>`: HMAC over X-Date, method and X-Data-Salt",
        },
        jwt: { ...API_KEY, description: "`Bearer <token>` of an OIDC provider" },
      },
      security: [{ HMAC: [] }, { jwt: [] }],
    },
    refResolver: { buildLocalReference: (json) => json.$id as string },
    stripBasePath: true,
    transform: ({ schema, url, route }) => {
      const { operationId = "" } = (schema ?? {}) as { operationId?: string };
      const [, refusals = []] = DECLARED_REFUSALS.find(([pattern]) => pattern.test(operationId)) ?? [];
      const response = {
        ...(schema?.response as object | undefined),
        ...Object.fromEntries(refusals.map((status) => [status, REFUSAL])),
        default: REFUSAL,
      };
      const body = route.config?.emptyBody ? { body: { $ref: "v1.EmptyBody#" } } : {};
      return { schema: { ...schema, ...body, response }, url };
    },
  });
  for (const definition of [ErrorResponse, EmptyBody, ...Bases]) share({ ...definition });
  app.register(async (scope) => {
    let document: unknown;
    scope.get(`${basePath}apidocs.json`, { config: { role: "public" }, schema: { hide: true } }, async () => {
      document ??= apiDocument(app);
      return document;
    });
  });
}

/** The document of a server that is ready. */
export function apiDocument(app: App): unknown {
  return finish(app.swagger());
}

/**
 * "x-required" is what the original lists as required and yet accepts when absent, which "x-optional" tells clients that
 * are generated; "x-enum" what it does not enforce; "x-boolean" a text that says true or false. A body that is declared
 * is demanded.
 */
function finish(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(finish);
  if (typeof node !== "object" || node === null) return node;
  const { properties, "x-boolean": boolean, in: place } = node as Record<string, unknown>;
  const entries = Object.entries(node).map(([key, value]) => [key === "x-enum" ? "enum" : key, finish(value)] as const);
  const result = Object.fromEntries(entries.filter(([key]) => !["x-required", "x-boolean", "$id"].includes(key)));
  if (boolean) {
    result["type"] = "boolean";
    delete result["enum"];
  }
  if (place === "body" && "schema" in node) result["required"] = true;
  const expected = Object.entries((properties ?? {}) as Record<string, { "x-required"?: boolean }>).flatMap(
    ([name, { "x-required": on }]) => (on ? [name] : []),
  );
  if (expected.length > 0) {
    result["required"] = [...((result["required"] as string[]) ?? []), ...expected].sort();
    result["x-optional"] = expected.sort();
  }
  return result;
}
