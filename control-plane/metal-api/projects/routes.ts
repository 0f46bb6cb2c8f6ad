import {
  IdParameter,
  ProjectCreateRequest,
  ProjectFindRequest,
  ProjectResponse,
  ProjectUpdateRequest,
} from "@metal-stack/api-schema";
import type { masterdata } from "@metal-stack/protocol";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { badRequest } from "../errors.ts";
import { transact } from "../database/transaction.ts";
import { projectsInSight } from "../members/member.ts";
import type { RouteModule } from "../rest/app.ts";
import { holdProjectAlone } from "./hold.ts";
import { projectMessage, projectResponse } from "./mapping.ts";
import { belongingsOf, checkNothingBelongs } from "./store.ts";

const tags = ["project"];

function inSight(request: FastifyRequest, found: readonly masterdata.Project[]): ProjectResponse[] {
  const ids = projectsInSight(request);
  return found.filter(({ meta }) => ids === undefined || ids.includes(meta?.id ?? "")).map(projectResponse);
}

export const projectRoutes: RouteModule = (app, { db, masterdata: { projects } }) => {
  app.get(
    "/v1/project",
    {
      config: { role: "view" },
      schema: {
        operationId: "listProjects",
        tags,
        summary: "get all projects",
        response: { 200: Type.Array(ProjectResponse) },
      },
    },
    async (request) => inSight(request, (await projects.find({})).projects),
  );

  app.get(
    "/v1/project/:id",
    {
      config: { role: "view" },
      schema: {
        operationId: "findProject",
        tags,
        summary: "get project by id",
        params: IdParameter,
        response: { 200: ProjectResponse },
      },
    },
    async ({ params: { id } }) => {
      const [{ project }, { machines, ips }] = await Promise.all([projects.get({ id }), belongingsOf(db, id)]);
      const response = projectResponse(project);
      const { machine, ip, ...others } = response.quotas ?? {};
      return {
        ...response,
        quotas: { ...others, machine: { ...machine, used: machines.count }, ip: { ...ip, used: ips.count } },
      };
    },
  );

  app.post(
    "/v1/project/find",
    {
      config: { role: "view" },
      schema: {
        operationId: "findProjects",
        tags,
        summary: "get all projects that match given properties",
        body: ProjectFindRequest,
        response: { 200: Type.Array(ProjectResponse) },
      },
    },
    async (request) => {
      const { tenant_id: tenantId, ...query } = request.body;
      const { projects: found } = await projects.find({ ...query, ...(tenantId === undefined ? {} : { tenantId }) });
      return inSight(request, found);
    },
  );

  app.put(
    "/v1/project",
    {
      config: { role: "admin" },
      schema: {
        operationId: "createProject",
        tags,
        summary: "create a project. if the given ID already exists a conflict is returned",
        body: ProjectCreateRequest,
        response: { 201: ProjectResponse },
      },
    },
    async ({ body }, reply) => {
      if (!body.tenant_id) throw badRequest("no tenant given");
      const { project } = await projects.create({ project: projectMessage(body) });
      return reply.code(201).send(projectResponse(project));
    },
  );

  app.post(
    "/v1/project",
    {
      config: { role: "admin" },
      schema: {
        operationId: "updateProject",
        tags,
        summary: "update a project: replaces all of it. optimistic lock error can occur.",
        body: ProjectUpdateRequest,
        response: { 200: ProjectResponse },
      },
    },
    async ({ body }) => {
      if (!body.meta) throw badRequest("project and project.meta must be specified");
      const id = body.meta.id ?? "";
      await projects.get({ id });
      return transact(db, async (tx) => {
        await holdProjectAlone(tx, id);
        const { project } = await projects.update({ project: projectMessage(body) });
        return projectResponse(project);
      });
    },
  );

  app.delete(
    "/v1/project/:id",
    {
      config: { role: "admin" },
      schema: {
        operationId: "deleteProject",
        tags,
        summary: "deletes a project and returns the deleted entity",
        params: IdParameter,
        response: { 200: ProjectResponse },
      },
    },
    async ({ params: { id } }) => {
      await projects.get({ id });
      await transact(db, async (tx) => {
        await holdProjectAlone(tx, id);
        await checkNothingBelongs(tx, id);
        await projects.delete({ id });
      });
      return { meta: { id } };
    },
  );
};
