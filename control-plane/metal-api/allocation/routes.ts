import {
  FirewallCreateRequest,
  FirewallFindRequest,
  FirewallResponse,
  IdParameter,
  MachineAllocateRequest,
  MachineResponse,
} from "@metal-stack/api-schema";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { ApiError } from "../errors.ts";
import { machineAnswer } from "../machines/answers.ts";
import type { MachineQuery } from "../machines/query.ts";
import { machineById } from "../machines/store.ts";
import { sendMachines } from "../machines/texts.ts";
import { projectsInSight } from "../members/member.ts";
import type { RouteModule } from "../rest/app.ts";
import { allocate } from "./commands.ts";

const IDEMPOTENCY = Type.Object({
  "idempotency-key": Type.Optional(
    Type.String({ description: "repeating a request with the same key answers the machine that the first one got" }),
  ),
});

function keyOf(request: FastifyRequest): string | undefined {
  const key = request.headers["idempotency-key"];
  return Array.isArray(key) ? key.join() : key;
}

export const allocationRoutes: RouteModule = (app, context) => {
  const firewalls = (reply: FastifyReply, query: MachineQuery) =>
    sendMachines(context, reply, { ...query, allocation_role: "firewall" });

  app.post(
    "/v1/machine/allocate",
    {
      config: { role: "edit" },
      schema: {
        operationId: "allocateMachine",
        tags: ["machine"],
        summary: "allocates a machine: this one, or any of a size in a partition",
        headers: IDEMPOTENCY,
        body: MachineAllocateRequest,
        response: { 200: MachineResponse },
      },
    },
    async (request, reply) => {
      const { body, user } = request;
      const wanted = { role: "machine", body, creator: user.email, idempotencyKey: keyOf(request) } as const;
      return machineAnswer(context, await allocate(context, wanted), reply);
    },
  );

  app.post(
    "/v1/firewall/allocate",
    {
      config: { role: "edit" },
      schema: {
        operationId: "allocateFirewall",
        tags: ["firewall"],
        summary: "allocates a machine as a firewall",
        headers: IDEMPOTENCY,
        body: FirewallCreateRequest,
        response: { 200: FirewallResponse },
      },
    },
    async (request, reply) => {
      const { body, user } = request;
      const wanted = { role: "firewall", body, creator: user.email, idempotencyKey: keyOf(request) } as const;
      return machineAnswer(context, await allocate(context, wanted), reply);
    },
  );

  app.get(
    "/v1/firewall",
    {
      config: { role: "view" },
      schema: {
        operationId: "listFirewalls",
        tags: ["firewall"],
        summary: "all firewalls",
        response: { 200: Type.Array(FirewallResponse) },
      },
    },
    async (request, reply) => firewalls(reply, { within: projectsInSight(request) }),
  );

  app.post(
    "/v1/firewall/find",
    {
      config: { role: "view" },
      schema: {
        operationId: "findFirewalls",
        tags: ["firewall"],
        summary: "the firewalls that match all parts of a query",
        body: FirewallFindRequest,
        response: { 200: Type.Array(FirewallResponse) },
      },
    },
    async (request, reply) => firewalls(reply, { ...request.body, within: projectsInSight(request) }),
  );

  app.get(
    "/v1/firewall/:id",
    {
      config: { role: "view" },
      schema: {
        operationId: "findFirewall",
        tags: ["firewall"],
        summary: "one firewall",
        params: IdParameter,
        response: { 200: FirewallResponse },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const machine = await machineById(context.db, id);
      if (machine.allocation?.role !== "firewall") throw new ApiError(404, "machine is not a firewall");
      return machineAnswer(context, id, reply);
    },
  );
};
