import {
  FilesystemLayoutCreateRequest,
  FilesystemLayoutMatchRequest,
  FilesystemLayoutResponse,
  FilesystemLayoutTryRequest,
  FilesystemLayoutUpdateRequest,
  IdParameter,
} from "@metal-stack/api-schema";
import { Type } from "typebox";
import type { FilesystemLayout } from "../database/documents.ts";
import { transact } from "../database/transaction.ts";
import { badRequest, unprocessable } from "../errors.ts";
import type { RouteModule } from "../rest/app.ts";
import { checkIfMatch, setETag } from "../rest/etag.ts";
import { hardwareOfMachine } from "../sizes/store.ts";
import { filesystemLayoutResponse, layoutOf } from "./mapping.ts";
import { ambiguity, hardwareProblem, matchLayout } from "./rules.ts";
import { structuralProblem, unknownWord } from "./rules-structure.ts";
import {
  deleteFilesystemLayout,
  filesystemLayoutById,
  filesystemLayouts,
  insertFilesystemLayout,
  lockFilesystemLayouts,
  replaceFilesystemLayout,
} from "./store.ts";

const tags = ["filesystemlayout"];

export const filesystemLayoutRoutes: RouteModule = (app, { db }) => {
  app.get(
    "/v1/filesystemlayout",
    {
      config: { role: "view" },
      schema: {
        operationId: "listFilesystemLayouts",
        tags,
        summary: "get all filesystemlayouts",
        response: { 200: Type.Array(FilesystemLayoutResponse) },
      },
    },
    async () => (await filesystemLayouts(db)).map(filesystemLayoutResponse),
  );

  app.get(
    "/v1/filesystemlayout/:id",
    {
      config: { role: "view" },
      schema: {
        operationId: "getFilesystemLayout",
        tags,
        summary: "get filesystemlayout by id",
        params: IdParameter,
        response: { 200: FilesystemLayoutResponse },
      },
    },
    async (request, reply) => {
      const layout = await filesystemLayoutById(db, request.params.id);
      setETag(reply, layout.version);
      return filesystemLayoutResponse(layout);
    },
  );

  app.put(
    "/v1/filesystemlayout",
    {
      config: { role: "admin" },
      schema: {
        operationId: "createFilesystemLayout",
        tags,
        summary: "create a filesystemlayout. if the given ID already exists a conflict is returned",
        body: FilesystemLayoutCreateRequest,
        response: { 201: FilesystemLayoutResponse },
      },
    },
    async ({ body }, reply) => {
      const layout = layoutOf(body);
      const stored = await transact(db, async (tx) => {
        await lockFilesystemLayouts(tx);
        const others = await filesystemLayouts(tx);
        // A conflict goes before what else may be wrong: `apply` turns it into an update.
        if (others.some(({ id }) => id === layout.id)) return insertFilesystemLayout(tx, layout);
        check(layout, others);
        return insertFilesystemLayout(tx, layout);
      });
      setETag(reply, stored.version);
      return reply.code(201).send(filesystemLayoutResponse(stored));
    },
  );

  app.post(
    "/v1/filesystemlayout",
    {
      config: { role: "admin" },
      schema: {
        operationId: "updateFilesystemLayout",
        tags,
        summary: "updates a filesystemlayout: replaces all of it; If-Match demands a version",
        body: FilesystemLayoutUpdateRequest,
        response: { 200: FilesystemLayoutResponse },
      },
    },
    async (request, reply) => {
      const layout = layoutOf(request.body);
      const stored = await transact(db, async (tx) => {
        await lockFilesystemLayouts(tx);
        const old = await filesystemLayoutById(tx, layout.id);
        checkIfMatch(request, "filesystemlayout", old);
        check(layout, await filesystemLayouts(tx));
        return replaceFilesystemLayout(tx, old, layout);
      });
      setETag(reply, stored.version);
      return filesystemLayoutResponse(stored);
    },
  );

  app.delete(
    "/v1/filesystemlayout/:id",
    {
      config: { role: "admin" },
      schema: {
        operationId: "deleteFilesystemLayout",
        tags,
        summary: "deletes an filesystemlayout and returns the deleted entity",
        params: IdParameter,
        response: { 200: FilesystemLayoutResponse },
      },
    },
    async (request) => filesystemLayoutResponse(await deleteFilesystemLayout(db, request.params.id)),
  );

  app.post(
    "/v1/filesystemlayout/try",
    {
      config: { role: "admin" },
      schema: {
        operationId: "tryFilesystemLayout",
        tags,
        summary: "try to detect a filesystemlayout based on given size and image.",
        body: FilesystemLayoutTryRequest,
        response: { 200: FilesystemLayoutResponse },
      },
    },
    async ({ body: { size, image } }) => {
      const layout = matchLayout(await filesystemLayouts(db), size, image);
      if (!layout)
        throw unprocessable(`could not find a matching filesystemLayout for size:${size} and image:${image}`);
      return filesystemLayoutResponse(layout);
    },
  );

  app.post(
    "/v1/filesystemlayout/matches",
    {
      config: { role: "admin" },
      schema: {
        operationId: "matchFilesystemLayout",
        tags,
        summary: "check if the given machine id satisfies the disk requirements of the filesystemlayout in question",
        body: FilesystemLayoutMatchRequest,
        response: { 200: FilesystemLayoutResponse },
      },
    },
    async ({ body }) => {
      const layout = await filesystemLayoutById(db, body.filesystemlayout);
      const hardware = await hardwareOfMachine(db, body.machine);
      const problem = hardwareProblem(layout, hardware ?? { disks: [] });
      if (problem !== undefined) throw unprocessable(problem);
      return filesystemLayoutResponse(layout);
    },
  );
};

function check(layout: FilesystemLayout, others: readonly FilesystemLayout[]): void {
  const unknown = unknownWord(layout);
  if (unknown !== undefined) throw unprocessable(unknown);
  const problem = structuralProblem(layout) ?? ambiguity([...others, layout]);
  if (problem !== undefined) throw badRequest(problem);
}
