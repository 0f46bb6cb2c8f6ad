import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { isAlive, readPostmaster } from "./postmaster.ts";
import { EmbeddedPostgres } from "./server.ts";

const USE_SERVER = new URL("./testdata/use-server.ts", import.meta.url).pathname;
const isRoot = process.getuid?.() === 0;
const canUnshare = spawnSync("unshare", ["-Ur", "true"]).status === 0;
if (!isRoot) console.warn("SKIPPED: not root, so PostgreSQL under another user is not tested");
if (!canUnshare) console.warn("SKIPPED: user namespaces are not available here");

let directory: string;
const servers: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];

beforeAll(() => {
  directory = temporaryDirectory();
});
afterEach(async () => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill("SIGKILL");
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  await until(() => postmasterPid() === undefined);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), "metal-embedded-"));
  chmodSync(path, 0o755);
  return join(path, "postgres");
}

async function start(): Promise<EmbeddedPostgres> {
  const server = await EmbeddedPostgres.start({ directory, durable: false });
  servers.push(server);
  return server;
}

/** Another process that uses the same directory; returns when it has the server. */
async function useElsewhere(command: readonly string[] = [], where = directory): Promise<[ChildProcess, string]> {
  const [program, ...rest] = [...command, process.execPath, USE_SERVER, where];
  const child = spawn(program, rest, { stdio: ["pipe", "pipe", "pipe"], env: { PATH: process.env["PATH"] } });
  children.push(child);
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const [output] = (await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(() => Promise.reject(new Error(`the process ended: ${errors}`))),
  ])) as [Buffer];
  return [child, output.toString().trim()];
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

function postmasterPid(where = directory): number | undefined {
  const postmaster = readPostmaster(join(where, "data"));
  return postmaster && isAlive(postmaster.pid) ? postmaster.pid : undefined;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await sleep(20)) if (await condition()) return;
  throw new Error("it did not happen within 15 s");
}

async function answers(url: string): Promise<boolean> {
  return query(url, "select 1").then(
    () => true,
    () => false,
  );
}

describe("an embedded PostgreSQL", () => {
  it("starts, keeps what it is told, and ends", async () => {
    const server = await start();
    await query(server.url, "create table kept (text text); insert into kept values ('hello')");
    await server.stop();
    expect(postmasterPid()).toBeUndefined();
    const again = await start();
    expect(await query(again.url, "select text from kept")).toEqual([{ text: "hello" }]);
  });

  it("listens on no network address and admits nobody else to its socket", async () => {
    const server = await start();
    expect(await query(server.url, "show listen_addresses")).toEqual([{ listen_addresses: "" }]);
    if (isRoot) {
      // Not 65534: where there is no user postgres, nobody is whom PostgreSQL runs as.
      const nobody = ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups"];
      const script = `require("node:net").connect(${JSON.stringify(join(directory, "socket", ".s.PGSQL.5432"))})
        .on("error", (error) => { console.log(error.code); process.exit(3); })`;
      const { status, stdout } = spawnSync(nobody[0]!, [...nobody.slice(1), process.execPath, "-e", script]);
      expect([status, stdout.toString().trim()]).toEqual([3, "EACCES"]);
    }
  });

  it("comes back after its postmaster was killed", async () => {
    const server = await start();
    const first = postmasterPid()!;
    process.kill(first, "SIGKILL");
    await until(async () => postmasterPid() !== undefined && postmasterPid() !== first && (await answers(server.url)));
  });

  it("is shared by processes, and ends with the last", async () => {
    const server = await start();
    const [child, url] = await useElsewhere();
    expect(url).toBe(server.url);
    await server.stop();
    expect(await answers(url)).toBe(true);
    child.stdin!.end();
    await until(() => postmasterPid() === undefined);
  });

  it("survives a race of processes for a new directory", async () => {
    const where = temporaryDirectory();
    const users = await Promise.all([useElsewhere([], where), useElsewhere([], where), useElsewhere([], where)]);
    expect(new Set(users.map(([, url]) => url)).size).toBe(1);
    expect(await answers(users[0][1])).toBe(true);
    for (const [child] of users) child.stdin!.end();
    await until(() => postmasterPid(where) === undefined);
    rmSync(where, { recursive: true });
  });

  it("is not left behind by a user that is killed", async () => {
    const [child] = await useElsewhere();
    const pid = postmasterPid()!;
    child.kill("SIGKILL");
    await until(() => !isAlive(pid));
  });

  it("takes over from a server whose keeper was killed", async () => {
    const [child] = await useElsewhere();
    const orphan = postmasterPid()!;
    const keeper = Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${orphan}/status`, "utf8"))![1]);
    const watcher = Number(readFileSync(`/proc/${keeper}/task/${keeper}/children`, "utf8").replace(String(orphan), ""));
    process.kill(keeper, "SIGKILL");
    process.kill(watcher, "SIGKILL");
    child.kill("SIGKILL");
    const server = await start();
    expect(await answers(server.url)).toBe(true);
    expect(postmasterPid()).not.toBe(orphan);
  });

  it.each([
    ["a process that is gone", () => 2 ** 22 + 1],
    ["somebody else's process, as after a reboot", () => process.pid],
    ["nothing sensible", () => "?"],
  ])("starts despite a lock file that names %s", async (_what, pid) => {
    await (await start()).stop();
    const file = join(directory, "data", "postmaster.pid");
    writeFileSync(file, `${pid()}\n${join(directory, "data")}\n0\n5432\n\n\n       0         0\nready   \n`);
    const server = await start();
    expect(await answers(server.url)).toBe(true);
  });

  it.skipIf(!isRoot)("works for an ordinary user", async () => {
    const where = temporaryDirectory();
    chmodSync(join(where, ".."), 0o777);
    const [child, url] = await useElsewhere(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], where);
    expect(await query(url, "select current_user")).toEqual([{ current_user: "metal" }]);
    child.stdin!.end();
    await until(() => postmasterPid(where) === undefined);
    rmSync(where, { recursive: true });
  });

  it.skipIf(!canUnshare)("works for the root of a user namespace", async () => {
    const where = temporaryDirectory();
    const [child, url] = await useElsewhere(["unshare", "-Ur"], where);
    expect(await answers(url)).toBe(true);
    child.stdin!.end();
    await until(() => postmasterPid(where) === undefined);
    rmSync(where, { recursive: true });
  });

  it.skipIf(!isRoot || !canUnshare)("works for root in a directory that only root may enter", async () => {
    const where = temporaryDirectory();
    chmodSync(join(where, ".."), 0o700);
    const [child, url] = await useElsewhere([], where);
    expect(await answers(url)).toBe(true);
    child.stdin!.end();
    await until(() => postmasterPid(where) === undefined);
    rmSync(where, { recursive: true });
  });

  it("finds another place for its socket when the directory's path is too long for one", async () => {
    const where = join(temporaryDirectory(), "a".repeat(60), "b".repeat(60));
    const [child, url] = await useElsewhere([], where);
    expect(await answers(url)).toBe(true);
    child.stdin!.end();
    await until(() => postmasterPid(where) === undefined);
    rmSync(where, { recursive: true });
  });

  it("says what went wrong when the data cannot be used", async () => {
    const where = temporaryDirectory();
    mkdirSync(join(where, "data"), { recursive: true });
    writeFileSync(join(where, "data", "PG_VERSION"), "9\n");
    await expect(EmbeddedPostgres.start({ directory: where })).rejects.toThrow(/made by PostgreSQL 9.*not installed/);
    expect(existsSync(join(where, "data"))).toBe(true);
    rmSync(where, { recursive: true });
  });
});
