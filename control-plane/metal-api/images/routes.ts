import {
  isTrue,
  IdParameter,
  ImageCreateRequest,
  ImageFindRequest,
  ImageResponse,
  ImageUpdateRequest,
  ShowUsage,
} from "@metal-stack/api-schema";
import { Type } from "typebox";
import type { Db } from "../database/schema.ts";
import { badRequest } from "../errors.ts";
import type { RouteModule } from "../rest/app.ts";
import { checkIfMatch, setETag } from "../rest/etag.ts";
import { assertReachable } from "../rest/probe.ts";
import { imageResponse } from "./mapping.ts";
import { imageProblem, parseImageId } from "./rules.ts";
import {
  deleteImage,
  findImages,
  imageById,
  type ImageQuery,
  imagesMatching,
  imageUsers,
  insertImage,
  latestImage,
  updateImage,
} from "./store.ts";

const tags = ["image"];
const DEFAULT_LIFETIME_DAYS = 90;
const DAY_MS = 24 * 60 * 60 * 1000;

export const imageRoutes: RouteModule = (app, { db, clock }) => {
  app.get(
    "/v1/image",
    {
      config: { role: "tenant" },
      schema: {
        operationId: "listImages",
        tags,
        summary: "get all images",
        querystring: ShowUsage,
        response: { 200: Type.Array(ImageResponse) },
      },
    },
    async ({ query }) => list(db, {}, query["show-usage"]),
  );

  app.post(
    "/v1/image/find",
    {
      config: { role: "view" },
      schema: {
        operationId: "findImages",
        tags,
        summary: "get all images that match given properties",
        querystring: ShowUsage,
        body: ImageFindRequest,
        response: { 200: Type.Array(ImageResponse) },
      },
    },
    async ({ query, body }) => list(db, body, query["show-usage"]),
  );

  app.get(
    "/v1/image/:id",
    {
      config: { role: "tenant" },
      schema: {
        operationId: "findImage",
        tags,
        summary: "get image by id",
        params: IdParameter,
        response: { 200: ImageResponse },
      },
    },
    async (request, reply) => {
      const row = await imageById(db, request.params.id);
      setETag(reply, row.version);
      return imageResponse(row);
    },
  );

  app.get(
    "/v1/image/:id/query",
    {
      config: { role: "tenant" },
      schema: {
        operationId: "queryImages by id",
        tags,
        summary: "query all images which match at least id",
        params: IdParameter,
        response: { 200: Type.Array(ImageResponse) },
      },
    },
    async (request) => (await imagesMatching(db, request.params.id)).map((row) => imageResponse(row)),
  );

  app.get(
    "/v1/image/:id/latest",
    {
      config: { role: "tenant" },
      schema: {
        operationId: "findLatestImage",
        tags,
        summary: "find latest image by id",
        params: IdParameter,
        response: { 200: ImageResponse },
      },
    },
    async (request) => imageResponse(await latestImage(db, request.params.id)),
  );

  app.put(
    "/v1/image",
    {
      config: { role: "admin" },
      schema: {
        operationId: "createImage",
        tags,
        summary: "create an image. if the given ID already exists a conflict is returned",
        body: ImageCreateRequest,
        response: { 201: ImageResponse },
      },
    },
    async ({ body }, reply) => {
      check(body);
      const parsed = parseImageId(body.id);
      if (!parsed) throw badRequest(`image id ${body.id} is not <operating system>-<version>`);
      await assertReachable(body.id, body.url);
      const row = await insertImage(db, {
        id: body.id,
        name: body.name ?? "",
        description: body.description ?? "",
        url: body.url,
        features: eachOnce(body.features ?? []),
        classification: body.classification ?? "preview",
        expiration_date: dateOf(body.expirationDate) ?? new Date(clock().getTime() + DEFAULT_LIFETIME_DAYS * DAY_MS),
        os: parsed.os,
        version_text: parsed.version.semver.version,
        sha256: body.sha256?.toLowerCase() ?? null,
      });
      setETag(reply, row.version);
      return reply.code(201).send(imageResponse(row));
    },
  );

  app.post(
    "/v1/image",
    {
      config: { role: "admin" },
      schema: {
        operationId: "updateImage",
        tags,
        summary: "updates an image. what is absent stays as it is; If-Match demands a version",
        body: ImageUpdateRequest,
        response: { 200: ImageResponse },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const old = await imageById(db, body.id);
      checkIfMatch(request, "image", old);
      check(body);
      if (body.url !== undefined) await assertReachable(body.id, body.url);
      const row = await updateImage(db, old, {
        name: body.name,
        description: body.description,
        url: body.url,
        features: body.features?.length ? eachOnce(body.features) : undefined,
        classification: body.classification,
        expiration_date: dateOf(body.expirationDate),
        // A new file has a new checksum: an old one would make every installation fail.
        sha256: body.sha256?.toLowerCase() ?? (body.url !== undefined && body.url !== old.url ? null : undefined),
      });
      setETag(reply, row.version);
      return imageResponse(row);
    },
  );

  app.delete(
    "/v1/image/:id",
    {
      config: { role: "admin" },
      schema: {
        operationId: "deleteImage",
        tags,
        summary: "deletes an image and returns the deleted entity",
        params: IdParameter,
        response: { 200: ImageResponse },
      },
    },
    async (request) => imageResponse(await deleteImage(db, request.params.id)),
  );
};

async function list(db: Db, query: ImageQuery, showUsage: string | undefined): Promise<ImageResponse[]> {
  const withUsers = isTrue(showUsage);
  const rows = await findImages(db, query);
  const users = withUsers
    ? await imageUsers(
        db,
        rows.map(({ id }) => id),
      )
    : new Map<string, string[]>();
  return rows.map((row) => imageResponse(row, users.get(row.id)));
}

const eachOnce = (texts: readonly string[]) => [...new Set(texts)];

function check(body: { features?: string[]; classification?: string }): void {
  const problem = imageProblem(body);
  if (problem !== undefined) throw badRequest(problem);
}

function dateOf(time: string | undefined): Date | undefined {
  return time === undefined ? undefined : new Date(time);
}
