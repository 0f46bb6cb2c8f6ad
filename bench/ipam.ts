// Our IPAM beside the real go-ipam, both on one PostgreSQL, measured in turns: addresses, child prefixes, new prefixes,
// overlap checks; and the floor: what the least statement and the least commit cost here, which nobody gets below one by one.
// BENCH_SECONDS (2) is the time of one measurement.
import { mkdtempSync, rmSync } from "node:fs";
import { EmbeddedPostgres, migrate, openDatabase } from "@metal-stack/database";
import { acquireAddress, acquireChildPrefix, IpamQueue, findOverlap, ipamMigrations, load } from "@metal-stack/ipam";
import { type Kysely, sql } from "kysely";
import { buildPeer, GoIpam, type Job, type Measured } from "./ipam-peer.ts";

const SECONDS = Number(process.env["BENCH_SECONDS"] ?? 2);
const CLIENTS = 16;
const TAKEN = [0, 1_000, 10_000, 60_000];
const PREFIXES = [1, 1_000, 100_000];

/** What clients do to a prefix: the first on one, all on one each, all on the same. */
const WAYS = [
  { name: " 1 client ", clients: 1, prefixes: 1 },
  { name: "16 clients, spread", clients: CLIENTS, prefixes: CLIENTS },
  { name: "16 clients, one hot prefix", clients: CLIENTS, prefixes: 1 },
] as const;

/** IPv4 prefixes with room for 60 000 and all that is acquired meanwhile. */
const pools = Array.from({ length: CLIENTS }, (_, index) => `100.${64 + 4 * index}.0.0/14`);
const parents = Array.from({ length: CLIENTS }, (_, index) => `2001:db8:${(index + 1).toString(16)}::/48`);

interface World {
  readonly ours: Kysely<object>;
  readonly theirs: Kysely<object>;
  readonly go: GoIpam | undefined;
}

/** One prefix in go-ipam's dump format, with its lowest addresses taken; both sides are filled with such dumps. */
function dumped(cidr: string, taken = 0): object {
  const [network, length] = cidr.split("/");
  const octets = network!.split(".").map(Number);
  const first = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const text = (n: number) => [24, 16, 8, 0].map((shift) => ((first + n) >>> shift) & 255).join(".");
  const reserved = cidr.includes(":") ? [network!] : [network!, text(2 ** (32 - Number(length)) - 1)];
  const ips = [...reserved, ...Array.from({ length: taken }, (_, n) => text(n + 1))];
  return {
    Cidr: cidr,
    ParentCidr: "",
    Namespace: "",
    AvailableChildPrefixes: {},
    ChildPrefixLength: 0,
    IsParent: false,
    IPs: Object.fromEntries(ips.map((ip) => [ip, true])),
    Version: 0,
  };
}

async function fill({ ours, theirs, go }: World, prefixes: readonly object[]): Promise<void> {
  const dump = JSON.stringify(prefixes);
  await sql`truncate ipam.prefixes, ipam.addresses, ipam.free_ranges, ipam.free_blocks`.execute(ours);
  await ours.transaction().execute((tx) => load(tx, dump));
  await sql`vacuum analyze`.execute(ours);
  if (!go) return;
  await sql`truncate prefixes`.execute(theirs);
  await sql`insert into prefixes select entry->>'Cidr', entry from jsonb_array_elements(${dump}::jsonb) entry`.execute(
    theirs,
  );
  await sql`vacuum analyze`.execute(theirs);
}

/** Lets every client repeat its operation for the time of a measurement. */
async function drive(clients: number, operation: (client: number, n: number) => Promise<unknown>): Promise<Measured> {
  const started = performance.now();
  const end = started + SECONDS * 1000;
  let done = 0;
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let n = 0; performance.now() < end; n++) {
        await operation(client, n);
        done += 1;
      }
    }),
  );
  return { done, failed: 0, seconds: (performance.now() - started) / 1000 };
}

const rate = ({ done, seconds }: Measured) => done / seconds;

function row(what: string, way: string, go: Measured | undefined, ours: Measured, inTransaction?: Measured): void {
  const number = (value: number) => value.toFixed(value < 100 ? 1 : 0).padStart(9);
  const ratio = go && go.done > 0 ? `${(rate(ours) / rate(go)).toFixed(1)} ×` : "";
  const failed = go && go.failed > 0 ? `  (go-ipam: ${go.failed} failed, ${go.error?.slice(0, 60)})` : "";
  console.log(
    `${what.padEnd(44)}${way.padEnd(28)}${go ? number(rate(go)) : "        –"}${number(rate(ours))}${ratio.padStart(11)}` +
      `${inTransaction ? number(rate(inTransaction)) : ""}${failed}`,
  );
}

/** Nothing but a round trip, and nothing but a changed row on the disk; each client has a row of its own. */
async function floor({ ours }: World): Promise<void> {
  await sql`create table floor (client int primary key, n int not null) with (fillfactor = 50)`.execute(ours);
  await sql`insert into floor select client, 0 from generate_series(0, ${CLIENTS - 1}::int) client`.execute(ours);
  for (const { name, clients } of WAYS.slice(0, 2)) {
    const read = await drive(clients, (client) => sql`select ${client}::int`.execute(ours));
    const write = await drive(clients, (client) =>
      sql`update floor set n = n + 1 where client = ${client}`.execute(ours),
    );
    row("the floor: an empty statement", name, undefined, read);
    row("the floor: a commit of one row", name, undefined, write);
  }
}

async function addresses(world: World): Promise<void> {
  const queue = new IpamQueue(world.ours);
  for (const taken of TAKEN) {
    await fill(
      world,
      pools.map((cidr) => dumped(cidr, taken)),
    );
    for (const { name, clients, prefixes } of WAYS) {
      const cidrs = Array.from({ length: clients }, (_, client) => pools[client % prefixes]!);
      const go = await world.go?.run({ op: "address", clients, cidrs, seconds: SECONDS });
      const ours = await drive(clients, (client) => queue.acquireAddress(cidrs[client]!));
      const inTransaction = await drive(clients, (client) =>
        world.ours.transaction().execute((tx) => acquireAddress(tx, cidrs[client]!)),
      );
      row(`acquire IP, ${taken} taken`, name, go, ours, inTransaction);
    }
  }
}

async function children(world: World): Promise<void> {
  const queue = new IpamQueue(world.ours);
  for (const { name, clients, prefixes } of WAYS) {
    await fill(
      world,
      parents.map((cidr) => dumped(cidr)),
    );
    const cidrs = Array.from({ length: clients }, (_, client) => parents[client % prefixes]!);
    const job: Job = { op: "child", clients, cidrs, length: 64, seconds: SECONDS };
    const go = await world.go?.run(job);
    const ours = await drive(clients, (client) => queue.acquireChildPrefix(cidrs[client]!, 64));
    const inTransaction = await drive(clients, (client) =>
      world.ours.transaction().execute((tx) => acquireChildPrefix(tx, cidrs[client]!, 64)),
    );
    row("acquire child prefix", name, go, ours, inTransaction);
  }
}

async function newPrefixes(world: World): Promise<void> {
  const queue = new IpamQueue(world.ours);
  for (const { name, clients } of WAYS.slice(0, 2)) {
    await fill(world, []);
    const go = await world.go?.run({ op: "prefix", clients, cidrs: [], seconds: SECONDS });
    const ours = await drive(clients, (client, n) =>
      queue.createPrefix(`${100 + client}.${(n >> 8) % 256}.${n % 256}.0/24`),
    );
    row("new prefix", name, go, ours);
  }
}

async function overlaps(world: World): Promise<void> {
  for (const count of PREFIXES) {
    const existing = Array.from({ length: count }, (_, n) => `10.${n >> 9}.${(n >> 1) & 255}.${(n & 1) * 128}/25`);
    await fill(
      world,
      existing.map((cidr) => dumped(cidr)),
    );
    for (const { name, clients } of WAYS.slice(0, 2)) {
      const cidrs = Array.from({ length: clients }, (_, client) => `192.168.${client}.0/24`);
      const go = await world.go?.run({ op: "overlap", clients, cidrs, seconds: SECONDS });
      const ours = await drive(clients, (client) => findOverlap(world.ours, cidrs[client]!));
      row(`overlap check against ${count}`, name, go, ours);
    }
  }
}

export async function benchIpam(): Promise<void> {
  console.log("building the real go-ipam …");
  const hasPeer = buildPeer();
  const directory = mkdtempSync("/var/tmp/ipam-bench-");
  const postgres = await EmbeddedPostgres.start({ directory, database: "ours" });
  const theirs = await EmbeddedPostgres.start({ directory, database: "theirs" });
  const world: World = {
    ours: openDatabase<object>(postgres.urlOf("ours"), { maxConnections: CLIENTS, prepare: true }),
    theirs: openDatabase<object>(theirs.urlOf("theirs"), { maxConnections: 1 }),
    go: hasPeer ? new GoIpam(theirs.urlOf("theirs")) : undefined,
  };
  try {
    await migrate(world.ours, ipamMigrations);
    // It makes its tables when it starts; its answer to anything tells that it has.
    await world.go?.run({ op: "overlap", clients: 1, cidrs: ["10.0.0.0/8"], seconds: 0 });
    console.log(`${"operations a second".padEnd(72)}  go-ipam     ours      ratio  in a transaction of the caller`);
    await floor(world);
    await addresses(world);
    await children(world);
    await newPrefixes(world);
    await overlaps(world);
  } finally {
    await world.go?.stop();
    await world.ours.destroy();
    await world.theirs.destroy();
    await Promise.all([postgres.stop(), theirs.stop()]);
    rmSync(directory, { recursive: true, force: true });
  }
}
