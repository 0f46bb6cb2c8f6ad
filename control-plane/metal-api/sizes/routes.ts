import {
  IdParameter,
  SizeConstraint,
  SizeCreateRequest,
  SizeResponse,
  SizeSuggestRequest,
  SizeUpdateRequest,
} from "@metal-stack/api-schema";
import { json } from "@metal-stack/database";
import { Type } from "typebox";
import type { Db } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { badRequest, unprocessable } from "../errors.ts";
import type { RouteModule } from "../rest/app.ts";
import { checkIfMatch, setETag } from "../rest/etag.ts";
import { constraintResponse, sizeResponse } from "./mapping.ts";
import { overlapping, sizeProblem, type SizeRule, suggestConstraints, UNKNOWN_SIZE } from "./rules.ts";
import { deleteSize, hardwareOfMachine, insertSize, lockSizes, sizeById, sizes, updateSize } from "./store.ts";

const tags = ["size"];

export const sizeRoutes: RouteModule = (app, { db }) => {
  app.get(
    "/v1/size",
    {
      config: { role: "tenant" },
      schema: { operationId: "listSizes", tags, summary: "get all sizes", response: { 200: Type.Array(SizeResponse) } },
    },
    async () => (await sizes(db)).map(sizeResponse),
  );

  app.get(
    "/v1/size/:id",
    {
      config: { role: "tenant" },
      schema: {
        operationId: "findSize",
        tags,
        summary: "get size by id",
        params: IdParameter,
        response: { 200: SizeResponse },
      },
    },
    async (request, reply) => {
      const row = await sizeById(db, request.params.id);
      setETag(reply, row.version);
      return sizeResponse(row);
    },
  );

  app.put(
    "/v1/size",
    {
      config: { role: "admin" },
      schema: {
        operationId: "createSize",
        tags,
        summary: "create a size. if the given ID already exists a conflict is returned",
        body: SizeCreateRequest,
        response: { 201: SizeResponse },
      },
    },
    async ({ body }, reply) => {
      if (body.id === UNKNOWN_SIZE) throw badRequest(`id cannot be "${UNKNOWN_SIZE}"`);
      const row = await transact(db, async (tx) => {
        await lockSizes(tx);
        await checkSize(tx, body);
        return insertSize(tx, {
          id: body.id,
          name: body.name ?? "",
          description: body.description ?? "",
          labels: json(body.labels ?? {}),
          constraints: json(body.constraints),
        });
      });
      setETag(reply, row.version);
      return reply.code(201).send(sizeResponse(row));
    },
  );

  app.post(
    "/v1/size",
    {
      config: { role: "admin" },
      schema: {
        operationId: "updateSize",
        tags,
        summary: "updates a size. what is absent stays as it is; If-Match demands a version",
        body: SizeUpdateRequest,
        response: { 200: SizeResponse },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const row = await transact(db, async (tx) => {
        await lockSizes(tx);
        const old = await sizeById(tx, body.id);
        checkIfMatch(request, "size", old);
        await checkSize(tx, { id: body.id, constraints: body.constraints ?? old.constraints });
        return updateSize(tx, old, {
          name: body.name,
          description: body.description,
          labels: body.labels && json(body.labels),
          constraints: body.constraints && json(body.constraints),
        });
      });
      setETag(reply, row.version);
      return sizeResponse(row);
    },
  );

  app.delete(
    "/v1/size/:id",
    {
      config: { role: "admin" },
      schema: {
        operationId: "deleteSize",
        tags,
        summary: "deletes an size and returns the deleted entity",
        params: IdParameter,
        response: { 200: SizeResponse },
      },
    },
    async (request) => sizeResponse(await deleteSize(db, request.params.id)),
  );

  app.post(
    "/v1/size/suggest",
    {
      config: { role: "tenant" },
      schema: {
        operationId: "suggest",
        tags,
        summary: "from a given machine id returns the appropriate size",
        body: SizeSuggestRequest,
        response: { 200: Type.Array(SizeConstraint) },
      },
    },
    async ({ body }) => {
      const hardware = await hardwareOfMachine(db, body.machineID);
      if (!hardware) throw unprocessable(`machine ${body.machineID} has not reported its hardware yet`);
      return suggestConstraints(hardware).map(constraintResponse);
    },
  );
};

async function checkSize(tx: Db, size: SizeRule): Promise<void> {
  const problem = sizeProblem(size);
  if (problem !== undefined) throw unprocessable(problem);
  const other = overlapping(size, await sizes(tx));
  if (other) throw badRequest(`size "${size.id}" overlaps with "${other.id}"`);
}
