// Whatever is sent to whichever operation: never a 5xx that is a surprise, never a dropped connection, every refusal in the
// original's form, every success as the API's document says. FUZZ_SECONDS says for how long (20), FUZZ_SEED repeats a run; a failure prints its seed.
import { Agent, request } from "node:http";
import type { AddressInfo } from "node:net";
import { createLogger } from "@metal-stack/service";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  buildFleet,
  type Fleet,
  IMAGE,
  INTERNET,
  LAYOUT,
  PARTITION,
  PROJECT,
  SIZE,
  SUPER,
  UNDERLAY,
} from "../testing/fleet.ts";
import { type AnswerCheck, answerCheck } from "../testing/answers.ts";
import { type Document, type FuzzRequest, fuzzRequests } from "../testing/fuzz-requests.ts";
import { fakeMasterdata } from "../testing/masterdata.ts";
import { createWorld, signed, type World } from "../testing/world.ts";
import { restModules } from "./modules.ts";
import { apiDocumentOf } from "./print.ts";

const SECONDS = Number(process.env["FUZZ_SECONDS"] ?? 20);
const SEED = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);
/** What the original answers with 500, too: what is not configured, and what is used up. */
const EXPECTED_FAILURES = /^(this feature is currently disabled$|Internal (?!error))/;
const PATIENCE_SECONDS = 120;
/** Characters of a request in a report. */
const SHOWN = 500;
/** Sent at once, so that they meet. */
const AT_ONCE = 6;

let world: World;
let fleet: Fleet;
let agent: Agent;
let port: number;
const surprises: unknown[] = [];

beforeAll(async () => {
  const masterdata = fakeMasterdata();
  masterdata.setTenant("metal-stack");
  masterdata.setProject(PROJECT, "metal-stack");
  const log = createLogger("metal-api");
  log.level = "silent";
  log.error = (problem: unknown) => void surprises.push(problem);
  world = await createWorld(restModules, { masterdata, log });
  fleet = await buildFleet(world.context.db, { machines: 6, racks: 2 });
  await world.app.listen({ port: 0, host: "127.0.0.1" });
  ({ port } = world.app.server.address() as AddressInfo);
  agent = new Agent({ keepAlive: true });
});
afterAll(async () => {
  agent?.destroy();
  await world?.close();
});

function send({ method, path, headers, body, role }: FuzzRequest): Promise<{ status: number; text: string }> {
  const credentials = role === "guest" ? {} : signed(role, method, new Date());
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": body.length };
    const all = { ...credentials, ...length, ...headers };
    const sent = request({ port, agent, method, path, headers: all }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString() }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** What is wrong with an answer. */
function objection(
  request: FuzzRequest,
  answer: { status: number; text: string },
  check: AnswerCheck,
): string | undefined {
  const { method, operation } = request;
  const { status, text } = answer;
  if (method === "HEAD") return undefined;
  if (status < 400) return check(request, answer);
  if (operation === "health" && status === 500) return undefined;
  let error: { statuscode?: unknown; message?: unknown };
  try {
    error = JSON.parse(JSON.parse(text) as string) as typeof error;
  } catch {
    return `an error in another form: ${text.slice(0, 200)}`;
  }
  if (error.statuscode !== status || typeof error.message !== "string") return `an error in another form: ${text}`;
  return status >= 500 && !EXPECTED_FAILURES.test(error.message) ? `status ${status}: ${error.message}` : undefined;
}

/** What is wrong, said so that it can be repeated by hand. */
async function tried(one: FuzzRequest, answered: Map<number, number>, check: AnswerCheck): Promise<string[]> {
  const { operation, method, path, headers, body } = one;
  const answer = await send(one).catch((error: Error) => error);
  if (!(answer instanceof Error)) answered.set(answer.status, (answered.get(answer.status) ?? 0) + 1);
  const problem = answer instanceof Error ? `dropped: ${answer.message}` : objection(one, answer, check);
  if (problem === undefined) return [];
  const sent = `${method} ${path.slice(0, SHOWN)} ${JSON.stringify(headers)} ${body?.toString().slice(0, SHOWN) ?? ""}`;
  return [`${operation}: ${problem}\n  ${sent}`];
}

it(
  `survives whatever is sent for ${SECONDS} s`,
  async () => {
    const document = (await apiDocumentOf("/")) as Document;
    const entities = [IMAGE, INTERNET, LAYOUT, PARTITION, PROJECT, SIZE, SUPER, UNDERLAY, "203.0.113.7"];
    const known = [fleet.network.id, ...fleet.machines, ...entities];
    const requests = fuzzRequests(document, known);
    const check = answerCheck(document);
    const answered = new Map<number, number>();
    const end = performance.now() + SECONDS * 1000;
    let seed = SEED;
    for (; performance.now() < end; seed += 1) {
      const problems: string[] = [];
      for (const batch of fc.sample(fc.array(requests, { minLength: AT_ONCE, maxLength: AT_ONCE }), {
        seed,
        numRuns: 10,
      }))
        problems.push(...(await Promise.all(batch.map((one) => tried(one, answered, check)))).flat());
      const causes = surprises.splice(0).map((problem) => (problem as { err?: Error }).err?.stack ?? String(problem));
      expect([...problems, ...causes], `FUZZ_SEED=${seed} repeats it`).toEqual([]);
    }
    const statuses = [...answered].sort(([a], [b]) => a - b).map(([status, times]) => `${times}× ${status}`);
    console.log(`fuzz: ${SECONDS} s from seed ${SEED}: ${statuses.join(", ")}`);
    expect(answered.get(200) ?? 0).toBeGreaterThan(0);
  },
  (SECONDS + PATIENCE_SECONDS) * 1000,
);
