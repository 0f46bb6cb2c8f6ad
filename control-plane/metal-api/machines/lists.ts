// Lists of machines are read, made and sent page by page: the first byte does not wait for the last machine, and memory
// stays flat however many there are.
import { Readable } from "node:stream";
import type { MachineFindRequest } from "@metal-stack/api-schema";
import type { FastifyReply } from "fastify";
import type { Db } from "../database/schema.ts";
import { findMachines, type MachineRow } from "./store.ts";

/** Machines read at once: a page takes some milliseconds to make, and other requests are served between pages. */
export const PAGE = 250;

/**
 * Sends the machines that match, by id, as a JSON array. Machines that come or go meanwhile may be in it or not; the others
 * are in it once. A failure after the first page breaks the connection: half a list must not look like a whole one.
 * @param answer what is said of each of these machines
 */
export async function sendMachines<Answer>(
  reply: FastifyReply,
  db: Db,
  query: MachineFindRequest,
  answer: (machines: readonly MachineRow[]) => Promise<Answer[]>,
): Promise<Answer[]> {
  const first = await findMachines(db, query, { limit: PAGE });
  const answers = await answer(first);
  if (first.length < PAGE) return answers;
  const after = first.at(-1)!.id;
  const stream = Readable.from(texts(answers, pages(db, query, after, answer)), { objectMode: false });
  // Fastify takes a stream as it is; the type of the route is about what the client reads.
  return reply.type("application/json; charset=utf-8").send(stream) as unknown as Answer[];
}

/** The pages after that machine; the next one is read while the one before is sent. */
async function* pages<Answer>(
  db: Db,
  query: MachineFindRequest,
  start: string,
  answer: (machines: readonly MachineRow[]) => Promise<Answer[]>,
): AsyncGenerator<Answer[]> {
  const read = (after: string) => {
    const page = findMachines(db, query, { after, limit: PAGE });
    // Nobody may be waiting for it any more when it fails.
    page.catch(() => undefined);
    return page;
  };
  let next: Promise<MachineRow[]> | undefined = read(start);
  while (next) {
    const machines: MachineRow[] = await next;
    next = machines.length < PAGE ? undefined : read(machines.at(-1)!.id);
    if (machines.length > 0) yield await answer(machines);
  }
}

async function* texts(first: readonly unknown[], rest: AsyncIterable<readonly unknown[]>): AsyncGenerator<string> {
  yield JSON.stringify(first).slice(0, -1);
  for await (const page of rest) yield `,${JSON.stringify(page).slice(1, -1)}`;
  yield "]";
}
