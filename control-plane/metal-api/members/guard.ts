// The one place where requests of members are let in or refused: what an operation's row in rules-scopes.ts asks for.
import type { FastifyRequest } from "fastify";
import type { Context } from "../context.ts";
import type { Db } from "../database/schema.ts";
import { badRequest, forbidden } from "../errors.ts";
import type { App } from "../rest/app.ts";
import type { Member } from "./member.ts";
import { OWNING } from "./owners.ts";
import { mayChange } from "./rules-roles.ts";
import { type Reference, type Scope, SCOPES, textsAt } from "./rules-scopes.ts";

/** Guards all routes that are added afterwards. An operation without a scope does not start. */
export function guardMembers(app: App, { db }: Context): void {
  app.addHook("onRoute", ({ schema, method, url }) => {
    if (schema?.operationId !== undefined && !Object.hasOwn(SCOPES, schema.operationId))
      throw new Error(`members/rules-scopes.ts does not say what members may do with ${String(method)} ${url}`);
  });
  app.addHook("preHandler", async (request) => {
    if (request.member && !request.is404) await admit(db, request, request.member, scopeOf(request));
  });
  app.addHook("onSend", async (request, { statusCode }) => {
    if (request.member && !request.member.narrowed && statusCode < 400 && scopeOf(request).who === "lists")
      throw new Error(`${request.routeOptions.schema?.operationId} lists without asking for projectsInSight`);
  });
}

/** What is no operation, like the API's document, is nobody's. */
function scopeOf({ routeOptions: { schema, config } }: FastifyRequest): Scope {
  if (schema?.operationId !== undefined) return SCOPES[schema.operationId]!;
  return { who: config.role === "public" || config.role === "tenant" ? "everybody" : "operators", names: [] };
}

async function admit(db: Db, request: FastifyRequest, member: Member, scope: Scope): Promise<void> {
  if (scope.who === "operators") throw forbidden("members of projects may not do this, only operators");
  for (const place of scope.without ?? [])
    if (textsAt(request, place).length > 0)
      throw forbidden(`${place.split(".").at(-1)} is not for members of projects, only for operators`);
  const [first] = scope.names;
  if (first && textsAt(request, first[1]).length === 0)
    throw badRequest(`${first[1].split(".").at(-1)} should not be empty`);
  const forChange = scope.who === "editors";
  for (const reference of scope.names) await admitTo(db, request, member, reference, forChange);
  for (const reference of scope.uses ?? []) await admitTo(db, request, member, reference, false);
}

/** More things than this in one request are no reason to look all of them up. */
const MAX_NAMED = 1000;

async function admitTo(
  db: Db,
  request: FastifyRequest,
  { roles }: Member,
  [kind, place]: Reference,
  forChange: boolean,
): Promise<void> {
  const { owner, unknown } = OWNING[kind];
  const ids = new Set(textsAt(request, place));
  if (ids.size > MAX_NAMED) throw badRequest(`at most ${MAX_NAMED} entries are accepted in ${place}`);
  for (const id of ids) {
    const found = await owner(db, id);
    if (found === undefined) continue;
    const role = found.projectId === undefined ? undefined : roles.get(found.projectId);
    const visible = role !== undefined || found.forEverybody === true;
    if (!visible) throw unknown(id);
    if (forChange && (role === undefined || !mayChange(role)))
      throw forbidden(
        role === undefined
          ? `${kind} ${id} does not belong to a project of yours`
          : `you are ${role} of project ${found.projectId}: that takes an editor`,
      );
  }
}
