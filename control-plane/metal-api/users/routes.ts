import { UserResponse } from "@metal-stack/api-schema";
import type { RouteModule } from "../rest/app.ts";

export const userRoutes: RouteModule = (app) => {
  app.get(
    "/v1/user/me",
    {
      config: { role: "view" },
      schema: {
        operationId: "getMe",
        tags: ["user"],
        summary: "extract the connecting user from auth header",
        response: { 200: UserResponse },
      },
    },
    async ({ user }) => ({
      EMail: user.email,
      Name: user.name,
      Groups: [...user.groups],
      Tenant: user.tenant,
      Issuer: user.issuer ?? "",
      Subject: user.subject ?? "",
    }),
  );
};
