// Lists, searches and allocations of metal-api over stores of growing size, beside what PostgreSQL alone needs for the same
// rows. `npm run bench -- metal-api` starts this; with the argument "serve" it is the metal-api that is measured.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { EmbeddedPostgres, migrate, Notifications, openDatabase } from "@metal-stack/database";
import { createLogger, Environment } from "@metal-stack/service";
import { sql } from "kysely";
import { readConfig } from "../config.ts";
import { MIGRATIONS } from "../database/migrations.ts";
import type { Db, Schema } from "../database/schema.ts";
import { SETTINGS } from "../settings.ts";
import { transact } from "../database/transaction.ts";
import { allocateChildNetwork } from "../networks/commands.ts";
import { restModules } from "../rest/modules.ts";
import { createRestServer } from "../rest/server.ts";
import { buildFleet, HARDWARE, IMAGE, PARTITION, SIZE } from "./fleet.ts";
import { TEST_KEYRING } from "./keyring.ts";
import { copies, copyId, multiplyMachine } from "./multiply.ts";
import { noMasterdata, signed, TEST_ENVIRONMENT } from "./world.ts";

const SIZES = (process.argv[2] ?? "1000,10000,100000").split(",").map(Number);
const REPEATS = 5;
/** Lists of more machines are asked for once. */
const LARGE = 10_000;
/** In flight, and how many of them: together less than wait among the first thousand. */
const ALLOCATIONS = [
  [1, 30],
  [16, 100],
  [500, 500],
] as const;
const OTHER_PROJECT = "00000000-0000-0000-0000-000000000002";
const agent = new Agent({ keepAlive: true, maxSockets: 600 });

async function serve(url: string): Promise<void> {
  const log = createLogger("metal-api");
  log.level = "error";
  const context = {
    db: openDatabase<Schema>(url),
    notifications: new Notifications(url),
    masterdata: noMasterdata,
    log,
    config: readConfig(new Environment(SETTINGS, TEST_ENVIRONMENT)),
    keyring: TEST_KEYRING,
    clock: () => new Date(),
  };
  const app = createRestServer(context, restModules);
  process.send!(await app.listen({ port: 0, host: "127.0.0.1" }));
}

interface Timing {
  readonly status: number;
  readonly firstByteMs: number;
  readonly totalMs: number;
  readonly bytes: number;
}

function call(base: string, method: string, path: string, body?: unknown): Promise<Timing> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const headers = {
      ...signed("admin", method, new Date()),
      ...(body !== undefined && { "content-type": "application/json" }),
    };
    const asked = request(base + path, { method, headers, agent }, (response) => {
      let firstByteMs = NaN;
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        if (bytes === 0) firstByteMs = performance.now() - started;
        bytes += chunk.length;
      });
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode!, firstByteMs, totalMs: performance.now() - started, bytes }),
      );
    });
    asked.on("error", reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;

async function medianOf(work: () => Promise<Timing>, repeats = REPEATS): Promise<Timing> {
  const timings: Timing[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) timings.push(await work());
  const bad = timings.find(({ status }) => status !== 200);
  if (bad) throw new Error(`status ${bad.status}`);
  return {
    ...timings[0]!,
    firstByteMs: median(timings.map(({ firstByteMs }) => firstByteMs)),
    totalMs: median(timings.map(({ totalMs }) => totalMs)),
  };
}

/** Full machines: two NICs with neighbours, a BMC, ten events; a third of them allocated in ten projects. */
async function grow(db: Db, model: string, from: number, to: number): Promise<void> {
  const nic = (leaf: number) => ({
    mac: `52:54:00:0${leaf}:00:01`,
    name: `eth${leaf}`,
    identifier: `52:54:00:0${leaf}:00:01`,
    vrf: "",
    neighbors: [
      { mac: `aa:bb:cc:0${leaf}:00:01`, name: "Ethernet0", identifier: "Eth1/1", vrf: "", hostname: `leaf0${leaf}` },
    ],
  });
  const hardware = JSON.stringify({ ...HARDWARE, nics: [nic(1), nic(2)] });
  // The model may have been allocated meanwhile.
  const differing = sql`jsonb_build_object('hardware', ${hardware}::jsonb,
    'disks', 'erased', 'waiting_until', now() + interval '1 hour',
    'tags', jsonb_build_array('rack=' || number % 40, 'serial=' || number))`;
  await multiplyMachine(db, model, [from, to], differing, 10);
  await sql`
    insert into allocations select (jsonb_populate_record(null::allocations, to_jsonb(a) || jsonb_build_object(
      'uuid', gen_random_uuid(), 'machine_id', made.id, 'asn', 4210001000 + number,
      'project_id', '00000000-0000-0000-0001-' || lpad((number % 10)::text, 12, '0')))).*
    from ${copies(from, to)}, (select * from allocations limit 1) a where number % 3 = 0`.execute(db);
  await sql`update machines set disks = 'in-use' where disks = 'erased' and id in (select machine_id from allocations)`.execute(
    db,
  );
  await sql`vacuum analyze`.execute(db);
}

async function lists(db: Db, base: string, count: number): Promise<void> {
  const row = (what: string, { firstByteMs, totalMs, bytes }: Timing, more = "") =>
    console.log(
      `${String(count).padStart(7)}  ${what.padEnd(24)} ${firstByteMs.toFixed(1).padStart(8)} ms ${totalMs.toFixed(1).padStart(9)} ms ${(bytes / 1e6).toFixed(2).padStart(8)} MB${more}`,
    );
  const repeats = count > LARGE ? 1 : REPEATS;
  const floor = await medianOf(async () => {
    const started = performance.now();
    const { rows } = await sql<{ size: string }>`
      select sum(length(to_jsonb(m)::text) + coalesce(length(to_jsonb(a)::text), 0) + coalesce(length(e.events::text), 0)) size
      from machines m left join allocations a on a.machine_id = m.id
      left join (select machine_id, jsonb_agg(to_jsonb(p)) events from provisioning_events p group by 1) e on e.machine_id = m.id`.execute(
      db,
    );
    const totalMs = performance.now() - started;
    return { status: 200, firstByteMs: totalMs, totalMs, bytes: Number(rows[0]!.size) };
  }, repeats);
  row("PostgreSQL alone, to text", floor);
  const first = await medianOf(() => call(base, "GET", "/v1/machine"), 1);
  const whole = await medianOf(() => call(base, "GET", "/v1/machine"), repeats);
  const ratio = (timing: Timing) => `   ${(timing.totalMs / floor.totalMs).toFixed(2)} × PostgreSQL alone`;
  row("GET /v1/machine, first", first, ratio(first));
  row("GET /v1/machine", whole, ratio(whole));
  const key = copyId(count - 1);
  row("by id", await medianOf(() => call(base, "GET", `/v1/machine/${key}`)));
  const find = (query: object) => medianOf(() => call(base, "POST", "/v1/machine/find", query));
  row("find id", await find({ id: key }));
  row("find tag (1)", await find({ tags: [`serial=${count - 1}`] }));
  row("find project (1)", await find({ allocation_project: OTHER_PROJECT }));
  row("find MAC of none", await find({ nics_mac_addresses: ["02:00:00:00:00:99"] }));
  row("find network of none", await find({ network_ids: ["nothing"] }));
  row("find rack of none", await find({ rackid: "nothing" }));
  row("find size of none", await find({ sizeid: "nothing" }));
}

async function allocations(base: string, machines: number, inFlight: number, count: number): Promise<void> {
  let next = 0;
  const failed: number[] = [];
  const started = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < count) {
        const { status } = await call(base, "POST", "/v1/machine/allocate", {
          name: `bench-${next++}`,
          partitionid: PARTITION,
          sizeid: SIZE,
          imageid: IMAGE,
          projectid: OTHER_PROJECT,
          hostname: "bench",
          networks: [{ networkid: "bench-private" }],
        });
        if (status !== 200) failed.push(status);
      }
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const refused = failed.length > 0 ? `   FAILED ${failed.length}: ${[...new Set(failed)].join()}` : "";
  console.log(
    `${String(machines).padStart(7)}  ${`allocate, ${inFlight} in flight`.padEnd(24)} ${(count / seconds).toFixed(0).padStart(8)} /s${refused}`,
  );
}

const residentMb = (pid: number) =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1000;

async function compare(folder: string): Promise<void> {
  const postgres = await EmbeddedPostgres.start({ directory: join(folder, "postgres"), database: "metal" });
  let server: ChildProcess | undefined;
  try {
    const url = postgres.urlOf("metal");
    const db = openDatabase<Schema>(url);
    await migrate(db, MIGRATIONS);
    await buildFleet(db, { machines: 2 });
    const { id } = await transact(db, (tx) =>
      allocateChildNetwork(tx, { partitionid: PARTITION, projectid: OTHER_PROJECT, length: { IPv4: 18 } }),
    );
    await sql`update networks set id = 'bench-private' where id = ${id}`.execute(db);
    server = fork(import.meta.filename, ["serve", url]);
    const [base] = (await once(server, "message")) as [string];
    await allocations(base, 2, 1, 1);
    console.log("machines                              first byte     last byte     size");
    const { id: model } = await db
      .selectFrom("machines")
      .select("id")
      .where("disks", "=", "erased")
      .executeTakeFirstOrThrow();
    let there = 2;
    for (const size of SIZES) {
      await grow(db, model, there + 1, size);
      there = size;
      await lists(db, base, size);
      // What was heard when the tables were filled may be long ago.
      await sql`update provisioning_states set last_event_time = now() + interval '1 hour'`.execute(db);
      for (const [inFlight, count] of ALLOCATIONS) await allocations(base, size, inFlight, count);
      console.log(`${String(size).padStart(7)}  metal-api's memory: ${residentMb(server.pid!).toFixed(0)} MB`);
    }
    await db.destroy();
  } finally {
    server?.kill();
    agent.destroy();
    await postgres.stop();
  }
}

if (process.argv[2] === "serve") await serve(process.argv[3]!);
else {
  const folder = mkdtempSync("/var/tmp/metal-bench-");
  try {
    await compare(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
