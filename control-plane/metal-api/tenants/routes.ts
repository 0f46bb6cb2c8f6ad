import {
  IdParameter,
  TenantCreateRequest,
  TenantFindRequest,
  TenantResponse,
  TenantUpdateRequest,
} from "@metal-stack/api-schema";
import { Type } from "typebox";
import { transact } from "../database/transaction.ts";
import { badRequest, unprocessable } from "../errors.ts";
import { holdQuotas } from "../projects/hold.ts";
import type { RouteModule } from "../rest/app.ts";
import { tenantMessage, tenantResponse } from "./mapping.ts";

const tags = ["tenant"];
/** So many projects are named that are in the way of a deletion. */
const NAMED = 3;

export const tenantRoutes: RouteModule = (app, { db, masterdata: { tenants, projects } }) => {
  app.get(
    "/v1/tenant",
    {
      config: { role: "view" },
      schema: {
        operationId: "listTenants",
        tags,
        summary: "get all tenants",
        response: { 200: Type.Array(TenantResponse) },
      },
    },
    async () => (await tenants.find({})).tenants.map(tenantResponse),
  );

  app.get(
    "/v1/tenant/:id",
    {
      config: { role: "view" },
      schema: {
        operationId: "getTenant",
        tags,
        summary: "get tenant by id",
        params: IdParameter,
        response: { 200: TenantResponse },
      },
    },
    async (request) => tenantResponse((await tenants.get({ id: request.params.id })).tenant),
  );

  app.post(
    "/v1/tenant/find",
    {
      config: { role: "view" },
      schema: {
        operationId: "findTenants",
        tags,
        summary: "get all tenants that match given properties",
        body: TenantFindRequest,
        response: { 200: Type.Array(TenantResponse) },
      },
    },
    async ({ body: { id, name, annotations = {}, paging } }) => {
      const found = await tenants.find({
        annotations,
        ...(id === undefined ? {} : { id }),
        ...(name === undefined ? {} : { name }),
        ...(paging && {
          paging: {
            ...(paging.page === undefined ? {} : { page: BigInt(paging.page) }),
            ...(paging.count === undefined ? {} : { count: BigInt(paging.count) }),
          },
        }),
      });
      return found.tenants.map(tenantResponse);
    },
  );

  app.put(
    "/v1/tenant",
    {
      config: { role: "admin" },
      schema: {
        operationId: "createTenant",
        tags,
        summary: "create a tenant. if the given ID already exists a conflict is returned",
        body: TenantCreateRequest,
        response: { 201: TenantResponse },
      },
    },
    async ({ body }, reply) => {
      const { tenant } = await tenants.create({ tenant: tenantMessage(body) });
      return reply.code(201).send(tenantResponse(tenant));
    },
  );

  app.post(
    "/v1/tenant",
    {
      config: { role: "admin" },
      schema: {
        operationId: "updateTenant",
        tags,
        summary: "update a tenant: replaces all of it. optimistic lock error can occur.",
        body: TenantUpdateRequest,
        response: { 200: TenantResponse },
      },
    },
    async ({ body }) => {
      if (!body.meta) throw badRequest("tenant and tenant.meta must be specified");
      const { tenant: stored } = await tenants.get({ id: body.meta.id ?? "" });
      return transact(db, async (tx) => {
        await holdQuotas(tx, "tenant", body.meta?.id ?? "");
        const { tenant } = await tenants.update({ tenant: tenantMessage(body, stored) });
        return tenantResponse(tenant);
      });
    },
  );

  app.delete(
    "/v1/tenant/:id",
    {
      config: { role: "admin" },
      schema: {
        operationId: "deleteTenant",
        tags,
        summary: "deletes a tenant and returns the deleted entity",
        params: IdParameter,
        response: { 200: TenantResponse },
      },
    },
    async ({ params: { id } }) => {
      const owned = (await projects.find({ tenantId: id })).projects;
      if (owned.length > 0) {
        const names = owned.slice(0, NAMED).map(({ name, meta }) => `${name} ${meta?.id}`.trim());
        const list = `${names.join(", ")}${owned.length > NAMED ? ", …" : ""}`;
        throw unprocessable(`there are still projects allocated by this tenant: ${owned.length} projects (${list})`);
      }
      return tenantResponse((await tenants.delete({ id })).tenant);
    },
  );
};
