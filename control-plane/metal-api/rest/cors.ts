// What browsers ask before they let a page of another origin call us: any origin may, without cookies
// (reference/api-resources.md 2.9). As with the original a preflight passes authentication, so it needs credentials, too.
import type { FastifyReply, FastifyRequest } from "fastify";

/** On every answer to a page of another origin. */
export function allowOrigin({ headers }: FastifyRequest, reply: FastifyReply): void {
  const { origin } = headers;
  if (origin !== undefined) reply.header("access-control-allow-origin", origin).header("vary", "Origin");
}

/** The answer to OPTIONS. @param methods of the path */
export function answerOptions(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  methods: readonly string[],
): FastifyReply {
  const allowed = methods.join(",");
  const wanted = headers["access-control-request-headers"];
  reply.header("allow", allowed).header("access-control-allow-methods", allowed);
  if (wanted !== undefined) reply.header("access-control-allow-headers", wanted);
  return reply.code(200).send();
}
