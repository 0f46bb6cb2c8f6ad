import {
  BooleanParameter,
  IdParameter,
  isTrue,
  NetworkAllocateRequest,
  NetworkCreateRequest,
  NetworkFindRequest,
  NetworkResponse,
  NetworkUpdateRequest,
} from "@metal-stack/api-schema";
import { Type } from "typebox";
import type { Db } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { badRequest } from "../errors.ts";
import { projectsInSight } from "../members/member.ts";
import { holdProject } from "../projects/hold.ts";
import type { App, RouteModule } from "../rest/app.ts";
import { checkIfMatch, setETag } from "../rest/etag.ts";
import { allocateChildNetwork, createNetwork, deleteNetwork, freeNetwork } from "./commands.ts";
import { networkResponse } from "./mapping.ts";
import { findNetworks, networkById, type NetworkRow, usageOfNetworks } from "./store.ts";
import { updateNetwork } from "./update.ts";

const tags = ["network"];
const response = { 200: NetworkResponse };
const Force = Type.Object({ force: BooleanParameter("true: announcable CIDRs may be removed") });

async function withUsage(db: Db, network: NetworkRow): Promise<NetworkResponse> {
  return networkResponse(network, await usageOfNetworks(db, [network]));
}

async function listed(db: Db, networks: readonly NetworkRow[]): Promise<NetworkResponse[]> {
  const usage = await usageOfNetworks(db, networks);
  return networks.map((network) => networkResponse(network, usage));
}

export const networkRoutes: RouteModule = (app, { db, masterdata }) => {
  app.get(
    "/v1/network",
    {
      config: { role: "view" },
      schema: {
        operationId: "listNetworks",
        tags,
        summary: "all networks",
        response: { 200: Type.Array(NetworkResponse) },
      },
    },
    async (request) => listed(db, await findNetworks(db, { within: projectsInSight(request) })),
  );

  app.post(
    "/v1/network/find",
    {
      config: { role: "view" },
      schema: {
        operationId: "findNetworks",
        tags,
        summary: "the networks that match all parts of a query",
        body: NetworkFindRequest,
        response: { 200: Type.Array(NetworkResponse) },
      },
    },
    async (request) => listed(db, await findNetworks(db, { ...request.body, within: projectsInSight(request) })),
  );

  app.get(
    "/v1/network/:id",
    {
      config: { role: "view" },
      schema: { operationId: "findNetwork", tags, summary: "one network", params: IdParameter, response },
    },
    async (request, reply) => {
      const network = await networkById(db, request.params.id);
      setETag(reply, network.version);
      return withUsage(db, network);
    },
  );

  app.put(
    "/v1/network",
    {
      config: { role: "admin" },
      schema: {
        operationId: "createNetwork",
        tags,
        summary: "creates a network that is not cut out of another one",
        body: NetworkCreateRequest,
        response: { 201: NetworkResponse },
      },
    },
    async ({ body }, reply) => {
      if (body.projectid) await masterdata.project(body.projectid);
      const network = await transact(db, async (tx) => {
        if (body.projectid) await holdProject(tx, masterdata, body.projectid);
        return createNetwork(tx, body);
      });
      setETag(reply, network.version);
      return reply.code(201).send(await withUsage(db, network));
    },
  );

  app.post(
    "/v1/network",
    {
      config: { role: "admin" },
      schema: {
        operationId: "updateNetwork",
        tags,
        summary: "changes a network; what is absent stays, If-Match demands a version",
        querystring: Force,
        body: NetworkUpdateRequest,
        response,
      },
    },
    async (request, reply) => {
      const network = await transact(db, (tx) =>
        updateNetwork(tx, request.body, isTrue(request.query.force), (stored) =>
          checkIfMatch(request, "network", stored),
        ),
      );
      setETag(reply, network.version);
      return withUsage(db, network);
    },
  );

  app.delete(
    "/v1/network/:id",
    {
      config: { role: "admin" },
      schema: {
        operationId: "deleteNetwork",
        tags,
        summary: "deletes a network without children and addresses, and returns it",
        params: IdParameter,
        response,
      },
    },
    async (request) => networkResponse(await transact(db, (tx) => deleteNetwork(tx, request.params.id))),
  );

  app.post(
    "/v1/network/allocate",
    {
      config: { role: "edit" },
      schema: {
        operationId: "allocateNetwork",
        tags,
        summary: "cuts a private network out of the partition's super network",
        body: NetworkAllocateRequest,
        response: { 201: NetworkResponse },
      },
    },
    async ({ body }, reply) => {
      const { projectid } = body;
      if (!projectid) throw badRequest("projectid should not be empty");
      if (!body.partitionid) throw badRequest("partitionid should not be empty");
      await masterdata.project(projectid);
      const network = await transact(db, async (tx) => {
        await holdProject(tx, masterdata, projectid);
        return allocateChildNetwork(tx, body);
      });
      setETag(reply, network.version);
      return reply.code(201).send(await withUsage(db, network));
    },
  );

  app.register(async (scope) => freeRoutes(scope, db));
};

/** POST is what clients did before metal-go#81; whatever they send with it is not looked at. */
function freeRoutes(app: App, db: Db): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_, payload, done) => void payload.once("end", () => done(null)).resume());
  for (const [method, operationId] of [
    ["DELETE", "freeNetwork"],
    ["POST", "freeNetworkDeprecated"],
  ] as const)
    app.route({
      method,
      url: "/v1/network/free/:id",
      config: { role: "edit", anyContentType: true },
      schema: {
        operationId,
        tags,
        summary: "gives a private network back, and returns it",
        params: IdParameter,
        response,
        ...(method === "POST" ? { deprecated: true } : {}),
      },
      handler: async (request) => networkResponse(await transact(db, (tx) => freeNetwork(tx, request.params.id))),
    });
}
