import {
  IdParameter,
  PartitionCapacity,
  PartitionCapacityRequest,
  PartitionCreateRequest,
  PartitionResponse,
  PartitionUpdateRequest,
} from "@metal-stack/api-schema";
import { json } from "@metal-stack/database";
import { Type } from "typebox";
import { ApiError, badRequest } from "../errors.ts";
import type { RouteModule } from "../rest/app.ts";
import { checkIfMatch, setETag } from "../rest/etag.ts";
import { assertReachable } from "../rest/probe.ts";
import { partitionCapacities } from "./capacity.ts";
import { partitionResponse } from "./mapping.ts";
import { dnsServersProblem, ntpServersProblem } from "./rules.ts";
import { deletePartition, insertPartition, partitionById, partitions, updatePartition } from "./store.ts";

const tags = ["Partition"];

export const partitionRoutes: RouteModule = (app, { db, clock }) => {
  app.get(
    "/v1/partition",
    {
      config: { role: "tenant" },
      schema: {
        operationId: "listPartitions",
        tags,
        summary: "get all Partitions",
        response: { 200: Type.Array(PartitionResponse) },
      },
    },
    async () => (await partitions(db)).map(partitionResponse),
  );

  app.get(
    "/v1/partition/:id",
    {
      config: { role: "tenant" },
      schema: {
        operationId: "findPartition",
        tags,
        summary: "get Partition by id",
        params: IdParameter,
        response: { 200: PartitionResponse },
      },
    },
    async (request, reply) => {
      const row = await partitionById(db, request.params.id);
      setETag(reply, row.version);
      return partitionResponse(row);
    },
  );

  app.put(
    "/v1/partition",
    {
      config: { role: "admin" },
      schema: {
        operationId: "createPartition",
        tags,
        summary: "create a Partition. if the given ID already exists a conflict is returned",
        body: PartitionCreateRequest,
        response: { 201: PartitionResponse },
      },
    },
    async ({ body }, reply) => {
      await assertReachable("image", body.bootconfig.imageurl ?? "");
      await assertReachable("kernel", body.bootconfig.kernelurl ?? "");
      checkServers(body);
      const row = await insertPartition(db, {
        id: body.id,
        name: body.name ?? "",
        description: body.description ?? "",
        labels: json(body.labels ?? {}),
        mgmt_service_address: body.mgmtserviceaddress ?? "",
        boot_configuration: json(body.bootconfig),
        dns_servers: json(body.dns_servers ?? []),
        ntp_servers: json(body.ntp_servers ?? []),
      });
      setETag(reply, row.version);
      return reply.code(201).send(partitionResponse(row));
    },
  );

  app.post(
    "/v1/partition",
    {
      config: { role: "admin" },
      schema: {
        operationId: "updatePartition",
        tags,
        summary: "updates a Partition. what is absent stays as it is; If-Match demands a version",
        body: PartitionUpdateRequest,
        response: { 200: PartitionResponse },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const { bootconfig } = body;
      const old = await partitionById(db, body.id);
      checkIfMatch(request, "partition", old);
      if (bootconfig?.imageurl !== undefined) await assertReachable("image", bootconfig.imageurl);
      if (bootconfig?.kernelurl !== undefined) await assertReachable("kernel", bootconfig.kernelurl);
      checkServers(body);
      const row = await updatePartition(db, old, {
        name: body.name,
        description: body.description,
        labels: body.labels && json(body.labels),
        mgmt_service_address: body.mgmtserviceaddress,
        dns_servers: body.dns_servers && json(body.dns_servers),
        ntp_servers: body.ntp_servers && json(body.ntp_servers),
        boot_configuration: json({ ...old.boot_configuration, ...bootconfig }),
      });
      setETag(reply, row.version);
      return partitionResponse(row);
    },
  );

  app.delete(
    "/v1/partition/:id",
    {
      config: { role: "admin" },
      schema: {
        operationId: "deletePartition",
        tags,
        summary: "deletes a Partition and returns the deleted entity",
        params: IdParameter,
        response: { 200: PartitionResponse },
      },
    },
    async (request) => partitionResponse(await deletePartition(db, request.params.id)),
  );

  app.post(
    "/v1/partition/capacity",
    {
      config: { role: "tenant" },
      schema: {
        operationId: "partitionCapacity",
        tags,
        summary: "how many machines of each size partitions have, and what they are doing",
        body: PartitionCapacityRequest,
        response: { 200: Type.Array(PartitionCapacity) },
      },
    },
    async ({ body }) =>
      partitionCapacities(db, body, clock()).catch((error: unknown) => {
        // Also an unknown partition is the request's fault here.
        throw error instanceof ApiError ? badRequest(error.message) : error;
      }),
  );
};

function checkServers(body: { dns_servers?: { ip: string }[]; ntp_servers?: { address: string }[] }): void {
  const problem = dnsServersProblem(body.dns_servers ?? []) ?? ntpServersProblem(body.ntp_servers ?? []);
  if (problem !== undefined) throw badRequest(problem);
}
