import { AuditFindRequest, AuditResponse } from "@metal-stack/api-schema";
import { Type } from "typebox";
import type { RouteModule } from "../rest/app.ts";
import { findAudit } from "./store.ts";

export const auditRoutes: RouteModule = (app, { db, clock }) => {
  app.post(
    "/v1/audit/find",
    {
      config: { role: "view" },
      schema: {
        operationId: "findAuditTraces",
        tags: ["audit"],
        summary: "who did what: the entries that match all parts of a query, newest first",
        body: AuditFindRequest,
        response: { 200: Type.Array(AuditResponse) },
      },
    },
    async ({ body }) => findAudit(db, body, clock()),
  );
};
