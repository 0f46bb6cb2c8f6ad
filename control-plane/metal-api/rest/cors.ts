// What browsers ask before they let a page of another origin call us: any origin may, without cookies
// (reference/api-resources.md 2.9). Preflights need no credentials, because browsers send none; the original demands them.
import type { IncomingHttpHeaders } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";

/** Seconds that a browser need not ask again before each request; Chromium's longest. */
const MAX_AGE = "7200";

/** On every answer to a page of another origin. */
export function allowOrigin({ headers }: FastifyRequest, reply: FastifyReply): void {
  const { origin } = headers;
  if (origin === undefined) return;
  reply.header("access-control-allow-origin", origin).header("vary", "Origin");
  reply.header("access-control-expose-headers", "etag, retry-after, x-request-id");
}

/** Whether a browser asks for a page of another origin. */
export const isPreflight = ({ origin, "access-control-request-method": method }: IncomingHttpHeaders): boolean =>
  origin !== undefined && method !== undefined;

/** The answer to OPTIONS. @param methods of the path */
export function answerOptions(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  methods: readonly string[],
): FastifyReply {
  const allowed = methods.join(",");
  const wanted = headers["access-control-request-headers"];
  reply.header("allow", allowed).header("access-control-allow-methods", allowed);
  if (wanted !== undefined)
    reply.header("access-control-allow-headers", wanted).header("access-control-max-age", MAX_AGE);
  return reply.code(200).send();
}
