import { IdParameter, IPAllocateRequest, IPFindRequest, IPResponse, IPUpdateRequest } from "@metal-stack/api-schema";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { transact } from "../database/transaction.ts";
import { badRequest, notFound } from "../errors.ts";
import { isStillOf, projectsInSight } from "../members/member.ts";
import { networkById } from "../networks/store.ts";
import { takeWithinQuotas } from "../projects/quota.ts";
import type { RouteModule } from "../rest/app.ts";
import { checkIfMatch, setETag } from "../rest/etag.ts";
import { allocateIp, freeIp, type IpAllocate, updateIp, wantedFamily } from "./commands.ts";
import { ipResponse } from "./mapping.ts";
import { findIps, ipByAddress, type IpRow } from "./store.ts";

const tags = ["ip"];
const response = { 200: IPResponse };

/** An address is soon somebody else's. */
function checkOwner(request: FastifyRequest, { ip, project_id }: IpRow): void {
  if (!isStillOf(request, project_id)) throw notFound("ip", ip);
}

export const ipRoutes: RouteModule = (app, { db, masterdata }) => {
  const allocate = async (request: IpAllocate, specific?: string) => {
    if (!request.networkid) throw badRequest("networkid should not be empty");
    if (!request.projectid) throw badRequest("projectid should not be empty");
    // What is wrong with the network is said before what is wrong with the project.
    wantedFamily(await networkById(db, request.networkid), request, specific);
    const { id } = await masterdata.project(request.projectid);
    return transact(db, (tx) => takeWithinQuotas(tx, masterdata, id, () => allocateIp(tx, request, specific)));
  };

  app.get(
    "/v1/ip",
    {
      config: { role: "view" },
      schema: { operationId: "listIPs", tags, summary: "all addresses", response: { 200: Type.Array(IPResponse) } },
    },
    async (request) => (await findIps(db, { within: projectsInSight(request) })).map(ipResponse),
  );

  app.post(
    "/v1/ip/find",
    {
      config: { role: "view" },
      schema: {
        operationId: "findIPs",
        tags,
        summary: "the addresses that match all parts of a query",
        body: IPFindRequest,
        response: { 200: Type.Array(IPResponse) },
      },
    },
    async (request) => (await findIps(db, { ...request.body, within: projectsInSight(request) })).map(ipResponse),
  );

  app.get(
    "/v1/ip/:id",
    {
      config: { role: "view" },
      schema: { operationId: "findIP", tags, summary: "one address", params: IdParameter, response },
    },
    async (request, reply) => {
      const ip = await ipByAddress(db, request.params.id);
      setETag(reply, ip.version);
      return ipResponse(ip);
    },
  );

  app.post(
    "/v1/ip/allocate",
    {
      config: { role: "edit" },
      schema: {
        operationId: "allocateIP",
        tags,
        summary: "allocates the lowest free address of a network",
        body: IPAllocateRequest,
        response: { 201: IPResponse },
      },
    },
    async (request, reply) => reply.code(201).send(ipResponse(await allocate(request.body))),
  );

  app.post(
    "/v1/ip/allocate/:ip",
    {
      config: { role: "edit" },
      schema: {
        operationId: "allocateSpecificIP",
        tags,
        summary: "allocates this address of a network",
        params: Type.Object({ ip: Type.String() }),
        body: IPAllocateRequest,
        response: { 201: IPResponse },
      },
    },
    async (request, reply) => reply.code(201).send(ipResponse(await allocate(request.body, request.params.ip))),
  );

  app.post(
    "/v1/ip",
    {
      config: { role: "edit" },
      schema: {
        operationId: "updateIP",
        tags,
        summary: "changes an address; what is absent stays, If-Match demands a version",
        body: IPUpdateRequest,
        response,
      },
    },
    async (request, reply) => {
      const ip = await transact(db, (tx) =>
        updateIp(tx, request.body, (stored) => {
          checkOwner(request, stored);
          checkIfMatch(request, "ip", { id: stored.ip, version: stored.version });
        }),
      );
      setETag(reply, ip.version);
      return ipResponse(ip);
    },
  );

  app.delete(
    "/v1/ip/free/:id",
    {
      config: { role: "edit" },
      schema: {
        operationId: "freeIP",
        tags,
        summary: "frees an address that no machine has, and returns it",
        params: IdParameter,
        response,
      },
    },
    async (request) =>
      ipResponse(await transact(db, (tx) => freeIp(tx, request.params.id, (stored) => checkOwner(request, stored)))),
  );
};
