import { randomUUID } from "node:crypto";
import {
  IdParameter,
  SizeReservationCreateRequest,
  SizeReservationListRequest,
  SizeReservationResponse,
  SizeReservationUpdateRequest,
  SizeReservationUsageResponse,
} from "@metal-stack/api-schema";
import { json } from "@metal-stack/database";
import { Type } from "typebox";
import type { Db } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { badRequest } from "../errors.ts";
import { projectsInSight } from "../members/member.ts";
import { partitions } from "../partitions/store.ts";
import { holdProject } from "../projects/hold.ts";
import type { RouteModule } from "../rest/app.ts";
import { checkIfMatch, setETag } from "../rest/etag.ts";
import { sizeById } from "../sizes/store.ts";
import { holdReservationsAlone } from "./hold.ts";
import { sizeReservationResponse, usageResponse } from "./mapping.ts";
import { sizeReservationProblem } from "./rules.ts";
import {
  deleteSizeReservation,
  insertSizeReservation,
  reservationUsage,
  sizeReservationById,
  sizeReservations,
  updateSizeReservation,
} from "./store.ts";

const tags = ["size"];

export const sizeReservationRoutes: RouteModule = (app, { db, masterdata }) => {
  app.get(
    "/v1/size/reservations",
    {
      config: { role: "tenant" },
      schema: {
        operationId: "listSizeReservations",
        tags,
        summary: "get all size reservations",
        response: { 200: Type.Array(SizeReservationResponse) },
      },
    },
    async (request) => (await sizeReservations(db, { within: projectsInSight(request) })).map(sizeReservationResponse),
  );

  app.post(
    "/v1/size/reservations/find",
    {
      config: { role: "tenant" },
      schema: {
        operationId: "findSizeReservations",
        tags,
        summary: "get all size reservations that match a query",
        body: SizeReservationListRequest,
        response: { 200: Type.Array(SizeReservationResponse) },
      },
    },
    async (request) =>
      (await sizeReservations(db, { ...request.body, within: projectsInSight(request) })).map(sizeReservationResponse),
  );

  app.get(
    "/v1/size/reservations/:id",
    {
      config: { role: "tenant" },
      schema: {
        operationId: "getSizeReservation",
        tags,
        summary: "get size reservation by id",
        params: IdParameter,
        response: { 200: SizeReservationResponse },
      },
    },
    async (request, reply) => {
      const row = await sizeReservationById(db, request.params.id);
      setETag(reply, row.version);
      return sizeReservationResponse(row);
    },
  );

  app.put(
    "/v1/size/reservations",
    {
      config: { role: "edit" },
      schema: {
        operationId: "createSizeReservation",
        tags,
        summary: "create a size reservation. if the given ID already exists a conflict is returned",
        body: SizeReservationCreateRequest,
        response: { 201: SizeReservationResponse },
      },
    },
    async ({ body }, reply) => {
      const { amount = 0, partitionids: partitionIds = [], projectid: projectId = "", sizeid: sizeId = "" } = body;
      await sizeById(db, sizeId);
      await masterdata.project(projectId);
      const row = await transact(db, async (tx) => {
        await holdProject(tx, masterdata, projectId);
        await check(tx, { amount, partitionIds, projectId });
        await holdReservationsAlone(tx, partitionIds, sizeId);
        const reservation = {
          id: body.id || randomUUID(),
          name: body.name ?? "",
          description: body.description ?? "",
          labels: json(body.labels ?? {}),
          size_id: sizeId,
          project_id: projectId,
          amount,
        };
        return insertSizeReservation(tx, reservation, partitionIds);
      });
      setETag(reply, row.version);
      return reply.code(201).send(sizeReservationResponse(row));
    },
  );

  app.post(
    "/v1/size/reservations",
    {
      config: { role: "edit" },
      schema: {
        operationId: "updateSizeReservation",
        tags,
        summary: "updates a size reservation. what is absent stays as it is; If-Match demands a version",
        body: SizeReservationUpdateRequest,
        response: { 200: SizeReservationResponse },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const row = await transact(db, async (tx) => {
        const old = await sizeReservationById(tx, body.id);
        checkIfMatch(request, "sizereservation", old);
        const { project_id: projectId, amount: oldAmount } = old;
        await holdProject(tx, masterdata, projectId);
        const amount = body.amount ?? oldAmount;
        const partitionIds = body.partitionids?.length ? body.partitionids : old.partition_ids;
        await check(tx, { amount, partitionIds, projectId });
        await holdReservationsAlone(tx, partitionIds, old.size_id);
        const { name = old.name, description = old.description, labels = old.labels } = body;
        return updateSizeReservation(tx, old, { name, description, labels: json(labels), amount }, partitionIds);
      });
      setETag(reply, row.version);
      return sizeReservationResponse(row);
    },
  );

  app.delete(
    "/v1/size/reservations/:id",
    {
      config: { role: "edit" },
      schema: {
        operationId: "deleteSizeReservation",
        tags,
        summary: "deletes a size reservation and returns the deleted entity",
        params: IdParameter,
        response: { 200: SizeReservationResponse },
      },
    },
    async ({ params }) => sizeReservationResponse(await transact(db, (tx) => deleteSizeReservation(tx, params.id))),
  );

  app.post(
    "/v1/size/reservations/usage",
    {
      config: { role: "tenant" },
      schema: {
        operationId: "sizeReservationsUsage",
        tags,
        summary: "how size reservations are used, one entry a partition",
        body: SizeReservationListRequest,
        response: { 200: Type.Array(SizeReservationUsageResponse) },
      },
    },
    async (request) =>
      (await reservationUsage(db, { ...request.body, within: projectsInSight(request) })).map(usageResponse),
  );
};

async function check(tx: Db, reservation: Parameters<typeof sizeReservationProblem>[0]): Promise<void> {
  const known = new Set((await partitions(tx)).map(({ id }) => id));
  const problem = sizeReservationProblem(reservation, known);
  if (problem !== undefined) throw badRequest(problem);
}
