// apidocs.json: the API's Swagger 2.0 document, made from the schemas of the routes. Operation ids and definition names
// are the original's, so that clients generated from either fit both (reference/api-resources.md 3.4, chapters 9 and 10).
import swagger from "@fastify/swagger";
import { ErrorResponse } from "@metal-stack/api-schema";
import type { App } from "./app.ts";

const API_KEY = { type: "apiKey", name: "Authorization", in: "header" } as const;

export function serveDocument(app: App, basePath: string): void {
  app.register(swagger, {
    swagger: {
      info: { title: "metal-api", version: "v1", description: "Servers, switches, networks and addresses as a cloud." },
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
    transform: ({ schema, url }) => ({
      schema: schema?.response
        ? {
            ...schema,
            response: { ...schema.response, default: { $ref: "httperrors.HTTPErrorResponse#" } },
          }
        : (schema ?? {}),
      url,
    }),
  });
  app.addSchema({ ...ErrorResponse });
  app.register(async (scope) => {
    let document: unknown;
    scope.get(`${basePath}apidocs.json`, { config: { role: "public" }, schema: { hide: true } }, async () => {
      document ??= finish(app.swagger());
      return document;
    });
  });
}

/** "x-required" is what the original lists as required and yet accepts when absent; "x-enum" what it does not enforce. */
function finish(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(finish);
  if (typeof node !== "object" || node === null) return node;
  const entries = Object.entries(node).map(([key, value]) => [key === "x-enum" ? "enum" : key, finish(value)] as const);
  const result = Object.fromEntries(entries.filter(([key]) => key !== "x-required" && key !== "$id"));
  const properties = (node as { properties?: Record<string, { "x-required"?: boolean }> }).properties;
  const expected = Object.entries(properties ?? {}).flatMap(([name, { "x-required": on }]) => (on ? [name] : []));
  if (expected.length > 0) result["required"] = [...((result["required"] as string[]) ?? []), ...expected].sort();
  return result;
}
