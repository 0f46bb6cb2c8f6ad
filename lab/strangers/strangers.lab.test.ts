// Strangers on the boot network: every attack of ./attacks against the real services, in namespaces of this test's own.
// docs/security.md says what they prove.
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ATTACKS } from "./attacks/index.ts";

const UNSHARE = ["--net", "--mount", "--pid", "--fork", "--kill-child=KILL", "--mount-proc"];
const AS = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
const START_TIMEOUT_MS = 180_000;
const ATTACK_TIMEOUT_MS = 120_000;

const able = spawnSync("unshare", [...AS, ...UNSHARE, "true"]).status === 0;
if (!able) console.warn("SKIPPED: the strangers need network namespaces");

interface Told {
  readonly ready?: true;
  readonly error?: string;
}

describe.skipIf(!able)("a stranger on the boot network", () => {
  let folder: string;
  let world: ChildProcessWithoutNullStreams;
  let told: AsyncIterator<string>;
  const next = async (): Promise<Told> =>
    JSON.parse((await told.next()).value ?? `{"error":"the world has ended"}`) as Told;

  beforeAll(async () => {
    // Sockets need short paths, and PostgreSQL a folder that another user can reach.
    folder = mkdtempSync(join(existsSync("/var/tmp") ? "/var/tmp" : tmpdir(), "strangers-"));
    chmodSync(folder, 0o711);
    const program = new URL("world.ts", import.meta.url).pathname;
    world = spawn("unshare", [...AS, ...UNSHARE, "--", process.execPath, program, folder]);
    world.stderr.resume();
    told = createInterface({ input: world.stdout })[Symbol.asyncIterator]();
    expect(await next()).toEqual({ ready: true });
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    const ended = new Promise((resolve) => world.once("close", resolve));
    world.stdin.end();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }, START_TIMEOUT_MS);

  it.each(ATTACKS.map(({ attack, tried, holds }) => [attack, tried, holds] as const))(
    "%s (%s): %s",
    async (attack) => {
      world.stdin.write(`${attack}\n`);
      expect((await next()).error).toBeUndefined();
    },
    ATTACK_TIMEOUT_MS,
  );
});
