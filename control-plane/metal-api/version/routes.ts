import { VersionResponse } from "@metal-stack/api-schema";
import type { RouteModule } from "../rest/app.ts";
import { BUILD } from "./build.ts";

export const versionRoutes: RouteModule = (app, { config }) => {
  app.get(
    "/v1/version",
    {
      config: { role: "public" },
      schema: {
        operationId: "info",
        tags: ["version"],
        summary: "returns the current version information of this module",
        response: { 200: VersionResponse },
      },
    },
    async () => ({
      name: "metal-api",
      ...BUILD,
      min_client_version: config.minimumClientVersion,
      ...(config.releaseVersion === undefined ? {} : { release_version: config.releaseVersion }),
    }),
  );
};
