// multipart/form-data, as much of it as a file needs (RFC 7578, RFC 2046 §5.1): the content of one field, as it comes in.
import { badRequest } from "../errors.ts";

/** RFC 2046 §5.1.1. */
const MAX_BOUNDARY_LENGTH = 70;
/** Of one part; browsers and curl send a few hundred bytes. */
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_PARTS = 20;
const CRLF = "\r\n";

/** Throws 400 when there is none. */
export function boundaryOf(contentType: string): string {
  const found = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType);
  const boundary = found?.[1] ?? found?.[2] ?? "";
  if (boundary === "" || boundary.length > MAX_BOUNDARY_LENGTH)
    throw badRequest("no multipart boundary param in Content-Type");
  return boundary;
}

/**
 * The bytes of the field `name`, never more than a few chunks of `body` in memory. What follows it in the body is not read.
 * Throws 400 when the body is no multipart body, ends too early, or has no such field.
 */
export async function* fieldOf(body: AsyncIterable<Buffer>, boundary: string, name: string): AsyncGenerator<Buffer> {
  await using input = new Lookahead(body);
  const delimiter = Buffer.from(`${CRLF}--${boundary}`);
  for await (const _ of input.until(delimiter)) continue;
  for (let part = 0; part < MAX_PARTS; part += 1) {
    if (await input.closes()) break;
    const headers = await headersOf(input);
    const wanted = fieldName(headers) === name;
    for await (const chunk of input.until(delimiter)) if (wanted) yield chunk;
    if (wanted) return;
  }
  throw badRequest(`the form has no file in its field "${name}"`);
}

async function headersOf(input: Lookahead): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input.until(Buffer.from(CRLF + CRLF))) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_HEADER_BYTES) throw badRequest("the headers of a part of the form are too long");
  }
  return Buffer.concat(chunks).toString("utf8");
}

function fieldName(headers: string): string | undefined {
  const disposition = /^content-disposition:\s*form-data(.*)$/im.exec(headers)?.[1] ?? "";
  const found = /;\s*name=(?:"([^"]*)"|([^\s;]+))/i.exec(disposition);
  return found?.[1] ?? found?.[2];
}

/** A stream of bytes in which one can search. */
class Lookahead implements AsyncDisposable {
  readonly #source: AsyncIterator<Buffer>;
  /** The first delimiter may stand at the very beginning; one line break before it makes all of them alike. */
  #held: Buffer = Buffer.from(CRLF);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** What comes before `end`, which is dropped. Throws 400 when it never comes. */
  async *until(end: Buffer): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.#held.indexOf(end);
      if (at >= 0) {
        const before = this.#held.subarray(0, at);
        this.#held = this.#held.subarray(at + end.length);
        if (before.length > 0) yield before;
        return;
      }
      // All but what may be the beginning of the end.
      const safe = this.#held.length - end.length + 1;
      if (safe > 0) {
        const chunk = this.#held.subarray(0, safe);
        this.#held = this.#held.subarray(safe);
        yield chunk;
      }
      await this.#more();
    }
  }

  /** Whether the delimiter that was just read is the last one. */
  async closes(): Promise<boolean> {
    while (this.#held.length < 2) await this.#more();
    return this.#held.subarray(0, 2).toString("latin1") === "--";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source.return?.();
  }

  async #more(): Promise<void> {
    const { value, done } = await this.#source.next();
    if (done) throw badRequest("the form ends before its last boundary");
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
  }
}
