// Several clients create, change, read and delete the same entities at once: each gets an answer that one of them could have got
// alone, no answer is a surprise, and in the end everything can be deleted and nothing is left in the books.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createLogger } from "@metal-stack/service";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildFleet, INTERNET, PARTITION, PROJECT, SIZE } from "../testing/fleet.ts";
import { books } from "../testing/tenant.ts";
import { createWorld, type World } from "../testing/world.ts";
import { restModules } from "./modules.ts";

const SEED = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 31);
const RUNS = 8;
const AT_ONCE = 5;
const GENEROUS_MS = 120_000;

type Request = readonly [method: string, path: string, body?: object];

/** @param id one of two @param value something that differs */
interface Noun {
  readonly create: (id: 0 | 1, value: number) => Request;
  readonly update: (id: 0 | 1, value: number) => Request;
  readonly get: (id: 0 | 1) => Request;
  readonly remove: (id: 0 | 1) => Request;
}

function noun(
  path: string,
  ids: readonly [string, string],
  body: (value: number, id: 0 | 1) => object,
  changes: (value: number, id: 0 | 1) => object = body,
): Noun {
  return {
    create: (id, value) => ["PUT", path, { id: ids[id], ...body(value, id) }],
    update: (id, value) => ["POST", path, { id: ids[id], ...changes(value, id) }],
    get: (id) => ["GET", `${path}/${ids[id]}`],
    remove: (id) => ["DELETE", `${path}/${ids[id]}`],
  };
}

let url = "";
const described = (value: number) => ({ name: `name-${value}`, description: "d".repeat(value) });
const plain: [string, string] = ["one", "other"];
const address = (id: 0 | 1) => `203.0.113.${20 + id}`;
const NOUNS: Readonly<Record<string, Noun>> = {
  size: noun("/v1/size", plain, (value, id) => ({
    ...described(value),
    constraints: [{ type: "cores", min: 100 + 10 * id, max: 105 + 10 * id }],
  })),
  image: noun("/v1/image", ["suse-15.0.1", "suse-15.0.2"], (value) => ({ ...described(value), url })),
  partition: noun("/v1/partition", plain, (value) => ({
    ...described(value),
    bootconfig: { imageurl: url, kernelurl: url, commandline: "" },
  })),
  layout: noun("/v1/filesystemlayout", plain, (value, id) => ({
    ...described(value),
    filesystems: [{ path: "/", device: "/dev/sda1", format: "ext4" }],
    disks: [{ device: "/dev/sda", wipeonreinstall: true, partitions: [{ number: 1, size: value, gpttype: "8300" }] }],
    constraints: { sizes: [`size-${id}`], images: { suse: "*" } },
  })),
  network: noun(
    "/v1/network",
    plain,
    (value, id) => ({ ...described(value), prefixes: [`192.168.${id}.0/24`], vrf: 5000 + id, labels: {} }),
    (value, id) => ({
      ...described(value),
      prefixes: [`192.168.${id}.0/24`, ...(value % 2 ? [`192.168.${10 + id}.0/24`] : [])],
    }),
  ),
  reservation: noun("/v1/size/reservations", plain, (value) => ({
    ...described(value),
    amount: 1 + value,
    partitionids: [PARTITION],
    projectid: PROJECT,
    sizeid: SIZE,
  })),
  constraint: noun("/v1/size-image-constraint", [SIZE, "c1-medium-x86"], (value) => ({
    ...described(value),
    images: { debian: `>= ${value}.0` },
  })),
  ip: {
    create: (id, value) => [
      "POST",
      `/v1/ip/allocate/${address(id)}`,
      { ...described(value), networkid: INTERNET, projectid: PROJECT, type: value % 2 ? "static" : "ephemeral" },
    ],
    update: (id, value) => ["POST", "/v1/ip", { ipaddress: address(id), ...described(value), tags: [`t=${value}`] }],
    get: (id) => ["GET", `/v1/ip/${address(id)}`],
    remove: (id) => ["DELETE", `/v1/ip/free/${address(id)}`],
  },
};
/** What each may answer while others are at it. */
const EXPECTED = { create: [201, 409], update: [200, 404, 409], get: [200, 404], remove: [200, 404, 409] } as const;
type Verb = keyof typeof EXPECTED;
const VERBS = Object.keys(EXPECTED) as Verb[];

let world: World;
let files: Server;
const surprises: unknown[] = [];

beforeAll(async () => {
  const log = createLogger("metal-api");
  log.level = "silent";
  log.error = (problem: unknown) => void surprises.push(problem);
  world = await createWorld(restModules, { log });
  await buildFleet(world.context.db);
  const { status } = await call(["PUT", "/v1/size", { id: "c1-medium-x86", constraints: [] }]);
  expect(status).toBe(201);
  files = createServer((_, response) => void response.end());
  await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(files.address() as AddressInfo).port}/x`;
});
afterAll(async () => {
  files?.close();
  await world?.close();
});

const call = async ([method, path, body]: Request) => world.call<{ message?: string }>("admin", method, path, body);
const step = fc.record({
  verb: fc.constantFrom(...VERBS),
  id: fc.constantFrom<0 | 1>(0, 1),
  value: fc.integer({ min: 1, max: 20 }),
});

describe.each(Object.entries(NOUNS))("a %s", (name, made) => {
  const request = ({ verb, id, value }: { verb: Verb; id: 0 | 1; value: number }) => made[verb](id, value);

  it("is created once, changed, read, and deleted once", async () => {
    const statuses = [];
    for (const verb of ["create", "create", "update", "get", "remove", "remove", "get", "update"] as const) {
      const { status, body } = await call(made[verb](0, 3));
      statuses.push(status < 400 ? status : `${status} ${body.message?.split(" ", 1)[0]}`);
    }
    const gone = "404 NotFound";
    expect(statuses).toEqual([201, "409 Conflict", 200, 200, 200, gone, gone, gone]);
  });

  it("outlives whatever several do to it at once", { timeout: GENEROUS_MS }, async () => {
    const before = await books(world.context.db);
    for (const batches of fc.sample(fc.array(fc.array(step, { minLength: AT_ONCE, maxLength: AT_ONCE })), {
      seed: SEED,
      numRuns: RUNS,
    })) {
      for (const batch of batches) {
        const answers = await Promise.all(batch.map((one) => call(request(one))));
        const wrong = answers.flatMap(({ status, body }, index) => {
          const { verb } = batch[index]!;
          return (EXPECTED[verb] as readonly number[]).includes(status) ? [] : [`${verb}: ${status} ${body.message}`];
        });
        expect([...wrong, ...surprises.splice(0)], `FUZZ_SEED=${SEED} ${name} ${JSON.stringify(batch)}`).toEqual([]);
        // Of those who created it at once, one did.
        for (const id of [0, 1] as const) {
          const creations = answers.filter((_, index) => batch[index]!.verb === "create" && batch[index]!.id === id);
          const removals = batch.filter((one) => one.verb === "remove" && one.id === id).length;
          expect(creations.filter(({ status }) => status === 201).length).toBeLessThanOrEqual(1 + removals);
        }
      }
      for (const id of [0, 1] as const) expect([200, 404]).toContain((await call(made.remove(id))).status);
      expect(await books(world.context.db)).toEqual(before);
    }
  });
});
