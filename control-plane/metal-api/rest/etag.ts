// Versions over HTTP, for clients that care: the answer carries an ETag, an update may demand it with If-Match (RFC 9110
// §13.1.1). Old clients send neither, and for them the last writer wins.
import type { FastifyReply, FastifyRequest } from "fastify";
import { badRequest, changedMeanwhile } from "../errors.ts";

export function setETag(reply: FastifyReply, version: number): void {
  reply.header("etag", `"${version}"`);
}

/** @throws 409 when the request has an If-Match that does not name the stored version */
export function checkIfMatch(request: FastifyRequest, entity: string, stored: { id: string; version: number }): void {
  const wanted = request.headers["if-match"];
  if (wanted === undefined || wanted === "*") return;
  const version = /^"(\d+)"$/.exec(wanted);
  if (!version) throw badRequest(`If-Match must be the ETag of an earlier answer, not ${wanted}`);
  if (Number(version[1]) !== stored.version) throw changedMeanwhile(entity, stored.id);
}
