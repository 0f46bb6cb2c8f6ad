// Reads bodies, and lets whoever sends too much finish sending: a client that is still writing when the connection is
// closed never reads the answer.
import type { FastifyRequest } from "fastify";
import type { Readable } from "node:stream";
import { badRequest } from "../errors.ts";

/** User data of an allocation is the largest thing anybody sends. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** Of a refused request so much is taken in before it is answered, for so long at most. */
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;
const DISCARD_MS = 10_000;

/** UTF-8. @throws 413 for more than {@link MAX_BODY_BYTES}, 400 for bytes that are no UTF-8 */
export async function readText(stream: Readable, announced: string | undefined): Promise<string> {
  if (Number(announced ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk as Buffer);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw badRequest("the body is not UTF-8");
  }
}

function tooLarge(): Error {
  return Object.assign(new Error(`413: Request Entity Too Large, at most ${MAX_BODY_BYTES} bytes are accepted`), {
    statusCode: 413,
  });
}

/** Takes in the rest of a body that nobody reads. */
export async function discardBody({ raw }: FastifyRequest): Promise<void> {
  const hasBody = raw.headers["transfer-encoding"] !== undefined || Number(raw.headers["content-length"] ?? 0) > 0;
  if (!hasBody || raw.readableEnded || raw.destroyed) return;
  await new Promise<void>((resolve) => {
    const enough = setTimeout(resolve, DISCARD_MS);
    let size = 0;
    raw.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_DISCARDED_BYTES) resolve();
    });
    for (const over of ["end", "close", "error"]) raw.once(over, resolve);
    raw.once("close", () => clearTimeout(enough));
    raw.once("end", () => clearTimeout(enough));
    raw.resume();
  });
}
