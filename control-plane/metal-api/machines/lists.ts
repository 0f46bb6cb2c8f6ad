// Lists of machines are read, made and sent page by page: the first byte does not wait for the last machine, and memory
// stays flat however many there are.
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import type { FastifyReply } from "fastify";

/** Machines in a page: other requests are served between pages. */
export const PAGE = 500;
/** The first byte is sent soon. */
const FIRST_PAGE = 100;

/** A part of a list. */
export interface Page {
  /** Makes the JSON, comma separated, without brackets; the next page can be read meanwhile. */
  readonly text: () => Promise<string>;
  /** The last machine's id; undefined when no machine comes after. */
  readonly last: string | undefined;
}

type ReadPage = (after: string | undefined, limit: number) => Promise<Page>;

/**
 * Sends machines, by id, as a JSON array. Machines that come or go meanwhile may be in it or not; the others are in it once.
 * A failure after the first page breaks the connection: half a list must not look like a whole one.
 * @param read the page of at most `limit` machines after that one, or the first page
 */
export async function sendPages(reply: FastifyReply, read: ReadPage): Promise<never> {
  const first = await read(undefined, FIRST_PAGE);
  const next = following(first, read);
  const text = await first.text();
  const body = next ? Readable.from(texts(text, next, read), { objectMode: false }) : `[${text}]`;
  // Fastify takes texts and streams as they are; the type of a route is about what the client reads.
  return reply.type("application/json; charset=utf-8").send(body) as never;
}

async function* texts(first: string, second: Promise<Page>, read: ReadPage): AsyncGenerator<string> {
  let next: Promise<Page> | undefined = second;
  yield `[${first}`;
  while (next) {
    const page: Page = await next;
    next = following(page, read);
    // Else its query would leave only when this page is made.
    await setImmediate();
    const text = await page.text();
    if (text !== "") yield `,${text}`;
  }
  yield "]";
}

/** The next page is read while the one before is made and sent. */
function following({ last }: Page, read: ReadPage): Promise<Page> | undefined {
  const next = last === undefined ? undefined : read(last, PAGE);
  // Nobody may be waiting for it any more when it fails.
  next?.catch(() => undefined);
  return next;
}
