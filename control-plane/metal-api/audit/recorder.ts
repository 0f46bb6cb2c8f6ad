// Puts every request that changes something on record, twice: before it is carried out, and with its result. What cannot
// be put on record is not carried out. Refused requests have only a result.
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Context } from "../context.ts";
import { GUEST } from "../rest/authentication.ts";
import type { App } from "../rest/app.ts";
import { isRecorded, machineOf } from "./rules-recorded.ts";
import { recordRequest } from "./store.ts";

/** Anybody can be refused, so no more of them are kept: entries of callers without a name, in one minute. */
const MAX_STRANGERS = 60;
const MINUTE_MS = 60_000;

export function recordRequests(app: App, { db, log }: Context): void {
  let strangers = 0;
  let minute = 0;
  const heard = (request: FastifyRequest): boolean => {
    if (request.user !== GUEST) return true;
    const now = Math.floor(performance.now() / MINUTE_MS);
    if (now !== minute) [minute, strangers] = [now, 0];
    strangers += 1;
    return strangers <= MAX_STRANGERS;
  };
  const recorded = (request: FastifyRequest) => {
    const { method, routeOptions } = request;
    return isRecorded(method, routeOptions.schema?.operationId);
  };

  app.addHook("preHandler", async (request) => {
    if (!recorded(request)) return;
    const machineId = machineOf(request.routeOptions.url ?? "", request.params);
    await recordRequest(db, request, { phase: "request", machineId, body: request.body });
  });

  app.addHook("onSend", async (request: FastifyRequest, { statusCode }: FastifyReply, payload: unknown) => {
    if (!recorded(request) || (request.onRecord && statusCode < 400) || !heard(request)) return;
    const answer = parsed(payload);
    const machineId = machineOf(request.routeOptions.url ?? "", request.params, answer);
    const error = statusCode < 400 ? "" : messageIn(answer);
    const entry = { phase: "response" as const, machineId, body: answer, statusCode, error };
    await recordRequest(db, request, entry).catch((err: unknown) =>
      log.error({ err, rqid: request.id }, "the result of a request is not in the audit trail"),
    );
  });
}

function messageIn(answer: unknown): string {
  const { message } = (answer ?? {}) as { message?: unknown };
  return typeof message === "string" ? message : "";
}

/** What was answered; an error's text is decoded as clients do. */
function parsed(payload: unknown): unknown {
  if (typeof payload !== "string" || payload === "") return undefined;
  try {
    const value: unknown = JSON.parse(payload);
    return typeof value === "string" ? JSON.parse(value) : value;
  } catch {
    return payload;
  }
}
