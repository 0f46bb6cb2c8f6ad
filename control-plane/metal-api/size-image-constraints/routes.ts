import {
  IdParameter,
  SizeImageConstraintCreateRequest,
  SizeImageConstraintResponse,
  SizeImageConstraintTryRequest,
  SizeImageConstraintUpdateRequest,
} from "@metal-stack/api-schema";
import { json } from "@metal-stack/database";
import { Type } from "typebox";
import { badRequest } from "../errors.ts";
import { latestImage } from "../images/store.ts";
import type { RouteModule } from "../rest/app.ts";
import { checkIfMatch, setETag } from "../rest/etag.ts";
import { sizeById } from "../sizes/store.ts";
import { imageConstraintProblem } from "./rules.ts";
import {
  checkImageOfSize,
  deleteSizeImageConstraint,
  insertSizeImageConstraint,
  sizeImageConstraintById,
  type SizeImageConstraintRow,
  sizeImageConstraints,
  updateSizeImageConstraint,
} from "./store.ts";

const tags = ["sizeimageconstraint"];

/** Without times, as the original answers. */
const answer = ({ id, name, description, images }: SizeImageConstraintRow): SizeImageConstraintResponse => ({
  id,
  name,
  description,
  constraints: { images },
});

function checked(images: Record<string, string> = {}): Record<string, string> {
  const problem = imageConstraintProblem(images);
  if (problem !== undefined) throw badRequest(problem);
  return images;
}

export const sizeImageConstraintRoutes: RouteModule = (app, { db }) => {
  app.get(
    "/v1/size-image-constraint",
    {
      config: { role: "tenant" },
      schema: {
        operationId: "listSizeImageConstraints",
        tags,
        summary: "get all sizeimageconstraints",
        response: { 200: Type.Array(SizeImageConstraintResponse) },
      },
    },
    async () => (await sizeImageConstraints(db)).map(answer),
  );

  app.get(
    "/v1/size-image-constraint/:id",
    {
      config: { role: "tenant" },
      schema: {
        operationId: "findSizeImageConstraint",
        tags,
        summary: "get sizeimageconstraint by id",
        params: IdParameter,
        response: { 200: SizeImageConstraintResponse },
      },
    },
    async (request, reply) => {
      const row = await sizeImageConstraintById(db, request.params.id);
      setETag(reply, row.version);
      return answer(row);
    },
  );

  app.put(
    "/v1/size-image-constraint",
    {
      config: { role: "admin" },
      schema: {
        operationId: "createSizeImageConstraint",
        tags,
        summary: "create a sizeimageconstraint. if the given ID already exists a conflict is returned",
        body: SizeImageConstraintCreateRequest,
        response: { 201: SizeImageConstraintResponse },
      },
    },
    async ({ body }, reply) => {
      const { id, name = "", description = "", constraints } = body;
      const row = await insertSizeImageConstraint(db, {
        id,
        name,
        description,
        images: json(checked(constraints?.images)),
      });
      setETag(reply, row.version);
      return reply.code(201).send(answer(row));
    },
  );

  app.post(
    "/v1/size-image-constraint",
    {
      config: { role: "admin" },
      schema: {
        operationId: "updateSizeImageConstraint",
        tags,
        summary: "updates a sizeimageconstraint: its constraints are replaced; If-Match demands a version",
        body: SizeImageConstraintUpdateRequest,
        response: { 200: SizeImageConstraintResponse },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const old = await sizeImageConstraintById(db, body.id);
      checkIfMatch(request, "sizeimageconstraint", old);
      const { name = old.name, description = old.description, constraints } = body;
      const images = json(checked(constraints?.images));
      const row = await updateSizeImageConstraint(db, old, { name, description, images });
      setETag(reply, row.version);
      return answer(row);
    },
  );

  app.delete(
    "/v1/size-image-constraint/:id",
    {
      config: { role: "admin" },
      schema: {
        operationId: "deleteSizeImageConstraint",
        tags,
        summary: "deletes an sizeimageconstraint and returns the deleted entity",
        params: IdParameter,
        response: { 200: SizeImageConstraintResponse },
      },
    },
    async ({ params }) => answer(await deleteSizeImageConstraint(db, params.id)),
  );

  app.post(
    "/v1/size-image-constraint/try",
    {
      config: { role: "admin" },
      schema: {
        operationId: "trySizeImageConstraint",
        tags,
        summary: "try if the given combination of image and size is supported and possible to allocate",
        body: SizeImageConstraintTryRequest,
        response: { 200: Type.Object({}, { $id: "v1.EmptyBody" }) },
      },
    },
    async ({ body }) => {
      const size = await sizeById(db, body.size);
      const image = await latestImage(db, body.image);
      await checkImageOfSize(db, size.id, image.id);
      return {};
    },
  );
};
