// The REST API: order of the checks, shape of errors. Routes come from the folders of the nouns.
import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { MAX_ID_LENGTH } from "@metal-stack/api-schema";
import fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import type { Context } from "../context.ts";
import { badRequest, forbidden } from "../errors.ts";
import { recordRequests } from "../audit/recorder.ts";
import { guardMembers } from "../members/guard.ts";
import { memberOf } from "../members/member.ts";
import { Tokens } from "../tokens/tokens.ts";
import { answerTo } from "./answers-to-errors.ts";
import { discardBody, readText } from "./body.ts";
import type { App, RouteModule } from "./app.ts";
import { authenticate, GUEST } from "./authentication.ts";
import { allowOrigin, answerOptions, isPreflight } from "./cors.ts";
import { withReferences, withReferencesInside } from "./definitions.ts";
import { serveDocument } from "./document.ts";
import { Garbage } from "./garbage.ts";
import { RateLimit, TooManyRequests } from "./rate-limit.ts";
import { acceptsJson, demandsJson, KnownPaths } from "./rules-http.ts";
import { errorBody, isInt64, readJson } from "./rules-json.ts";
import { type Role, refusal } from "./rules-roles.ts";
import { structReader } from "./rules-structs.ts";
import { buildSerializer } from "./serializers.ts";

/** For receiving a request whole. */
const REQUEST_TIMEOUT_MS = 60_000;
/** Every character of an id may take three bytes of UTF-8, and each of those three in a path. */
const MAX_PARAMETER_LENGTH = MAX_ID_LENGTH * 9;
const JSON_TYPE = "application/json";

/** What a caller may choose as the id of its request: it gets into logs, the audit trail and the answer's header. */
const REQUEST_ID = /^[\x21-\x7e]{1,100}$/;
const requestId = (wanted: unknown): string =>
  typeof wanted === "string" && REQUEST_ID.test(wanted) ? wanted : randomUUID();

/** Told of every answered request. `route` is the pattern, not the path. */
export type RequestObserver = (request: { method: string; route: string; statusCode: number; seconds: number }) => void;

/**
 * The REST server, not yet listening (`listen`, or `inject` in a test). Every request passes: authentication, rate, tenant and
 * role, 404/405, 406/415, body, handler. `close()` lets requests in flight finish.
 */
export function createRestServer(context: Context, routes: readonly RouteModule[], observe?: RequestObserver): App {
  const garbage = new Garbage();
  const app: App = fastify({
    requestTimeout: REQUEST_TIMEOUT_MS,
    exposeHeadRoutes: false,
    trustProxy: [...context.config.rate.trustedProxies],
    frameworkErrors: (error, _, reply) => sendError(reply, error.statusCode ?? 400, error.message),
    clientErrorHandler: (error, socket) => garbage.refuse(error, socket),
    requestIdHeader: false,
    genReqId: ({ headers }) => requestId(headers["x-request-id"]),
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true, maxParamLength: MAX_PARAMETER_LENGTH },
    ajv: {
      customOptions: { coerceTypes: false, removeAdditional: false, strict: false },
      onCreate: (ajv) => void ajv.addFormat("int64", { type: "number", validate: isInt64 }),
    },
    schemaController: { compilersFactory: { buildSerializer } },
  });
  garbage.watch(app.server);
  const known = new KnownPaths();
  app.addHttpMethod("GET", { hasBody: true, overrideExisting: true });
  app.decorateRequest("user", null as never);
  app.decorateRequest("onRecord", false);
  app.decorateRequest("member", undefined);
  readBodies(app);
  const share = shareDefinitions(app);
  app.addHook("onRoute", ({ method, url, config }) => {
    if (config?.role === undefined)
      throw new Error(`the route ${String(method)} ${url} does not declare who may call it`);
    known.add(url, [method].flat(), config.role === "public");
  });
  const rate = new RateLimit(context.config.rate);
  const tokens = new Tokens(context.config.tokens, context.config.providerTenant, context.masterdata);
  app.addHook("onRequest", async (request, reply) => {
    allowOrigin(request, reply);
    await check(request, reply, context, { tokens, rate, known });
  });
  app.addHook("onSend", async (request, { statusCode }) => {
    if (statusCode >= 400) await discardBody(request);
  });
  guardMembers(app, context);
  recordRequests(app, context);
  app.addHook("onResponse", async (request, reply) => report(request, reply, context, observe));
  app.setErrorHandler((error, request, reply) => {
    const answer = answerTo(error);
    if (answer.unexpected) context.log.error({ err: error, rqid: request.id, url: request.url }, "request failed");
    if (error instanceof TooManyRequests) reply.header("retry-after", error.retryAfterSeconds);
    if (request.member && answer.toMembers !== undefined) return sendError(reply, answer.statusCode, answer.toMembers);
    return sendError(reply, answer.statusCode, answer.message, answer.reasons);
  });
  app.setNotFoundHandler((request, reply) => {
    const methods = known.methodsOf(request.url);
    if (methods.length === 0) return sendError(reply, 404, "404: Page Not Found");
    if (request.method === "OPTIONS") return answerOptions(request, reply, methods);
    return sendError(reply.header("allow", methods.join(",")), 405, "405: Method Not Allowed");
  });
  serveDocument(app, context.config.basePath, share);
  const prefix = context.config.basePath.slice(0, -1);
  app.register(
    async (scope) => {
      for (const route of routes) route(scope, context);
    },
    { prefix },
  );
  return app;
}

function sendError(
  reply: FastifyReply,
  statusCode: number,
  message: string,
  reasons?: readonly string[],
): FastifyReply {
  return reply
    .code(statusCode)
    .header("content-type", JSON_TYPE)
    .send(errorBody(statusCode, message, reasons));
}

function readBodies(app: App): void {
  // Before definitions become references.
  app.addHook("onRoute", (route) => {
    const { body } = route.schema ?? {};
    if (body) route.config = { ...route.config, readBody: structReader(body) };
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(JSON_TYPE, async (request: FastifyRequest, stream: Readable) => {
    const body = await readText(stream, request.headers["content-length"]);
    // Whatever deletes something, and the power commands, never look at their body; the others refuse an empty one.
    if (request.routeOptions.schema?.body === undefined) return undefined;
    if (body === "") throw badRequest("EOF");
    const { readBody = (value: unknown) => value } = request.routeOptions.config;
    return readBody(readJson(body));
  });
  app.addHook("preValidation", async (request) => {
    if (request.body === undefined && request.routeOptions.schema?.body !== undefined) throw badRequest("EOF");
  });
}

async function check(
  request: FastifyRequest,
  reply: FastifyReply,
  { config, clock, masterdata }: Context,
  { tokens, rate, known }: { tokens: Tokens; rate: RateLimit; known: KnownPaths },
): Promise<void> {
  request.user = GUEST;
  reply.header("x-request-id", request.id);
  try {
    request.user = await authenticate(request, config, tokens, clock());
  } finally {
    if (!isQuestionOfBrowser(request)) rate.count(request);
  }
  const role = roleOf(request, known);
  request.member = role === "public" ? undefined : await memberOf(request.user, masterdata);
  // What a member may do is not said by its groups, but by its projects: see members/guard.ts.
  const refused = request.member ? undefined : refusal(role, request.user, config.providerTenant);
  if (refused !== undefined) throw forbidden(refused);
  if (request.is404) return;
  if (!acceptsJson(request.headers.accept)) {
    throw notAcceptable();
  }
  if (!request.routeOptions.config.anyContentType && demandsJson(request.method, request.headers)) {
    throw unsupportedMediaType();
  }
}

/** Browsers show no credentials for a page that has some, and would count as strangers; the answer costs no more than a refusal. */
function isQuestionOfBrowser({ method, headers }: FastifyRequest): boolean {
  return method === "OPTIONS" && headers.authorization === undefined && isPreflight(headers);
}

/** What no route answers is nobody's business but the tenant's, so that strangers learn nothing of what there is. */
function roleOf({ is404, method, url, headers, routeOptions }: FastifyRequest, known: KnownPaths): Role {
  if (is404 && method === "OPTIONS" && (known.isOpen(url) || (isPreflight(headers) && known.methodsOf(url).length > 0)))
    return "public";
  return routeOptions.config.role ?? "tenant";
}

function notAcceptable(): Error {
  const message = "406: Not Acceptable\n\nAvailable representations: application/json";
  return Object.assign(new Error(message), { statusCode: 406 });
}

function unsupportedMediaType(): Error {
  return Object.assign(new Error("415: Unsupported Media Type"), { statusCode: 415 });
}

/** What routes refer to is said once. The function returned shares a definition that no route refers to. */
function shareDefinitions(app: App): (definition: Record<string, unknown>) => void {
  const shared = new Set<unknown>();
  const define = (definition: Record<string, unknown>): void => {
    if (shared.has(definition["$id"])) return;
    shared.add(definition["$id"]);
    app.addSchema(withReferencesInside(definition, define));
  };
  app.addHook("onRoute", (route) => {
    if (!route.schema) return;
    for (const part of ["body", "response"] as const) {
      if (route.schema[part] !== undefined) route.schema[part] = withReferences(route.schema[part], define);
    }
  });
  return define;
}

async function report(
  request: FastifyRequest,
  reply: FastifyReply,
  { log }: Context,
  observe: RequestObserver | undefined,
): Promise<void> {
  const { method, id: rqid, url, user } = request;
  const { statusCode, elapsedTime } = reply;
  const path = url.split("?", 1)[0];
  log.debug({ rqid, method, path, statusCode, ms: Math.round(elapsedTime), user: user.email }, "request");
  observe?.({ method, route: request.routeOptions.url ?? "", statusCode, seconds: elapsedTime / 1000 });
}
