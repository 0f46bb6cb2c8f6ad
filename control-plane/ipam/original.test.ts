// Beside the real go-ipam: its client works with our server, and both servers answer the same calls alike.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUILD_TIMEOUT_MS, buildOriginal, startOriginal } from "./testing/original.ts";
import { histories } from "./testing/histories.ts";
import { type Call, canBeCrowded, Peer } from "./testing/peer.ts";
import { startServer, type TestServer } from "./testing/server.ts";

/** IPAM_SEED makes the same ones again. */
const HISTORIES = Number(process.env["IPAM_HISTORIES"] ?? 40);
const original = await buildOriginal();
let ours: TestServer;

beforeAll(async () => {
  ours = await startServer();
}, BUILD_TIMEOUT_MS);
afterAll(() => ours.stop());

/** Runs the original's command line client against our server. */
async function cli(...words: string[]): Promise<string> {
  const env = { ...process.env, GOIPAM_CLI_GRPC_SERVER_ENDPOINT: ours.url };
  return promisify(execFile)(original!.client, words, { env, maxBuffer: 1e8 }).then(
    ({ stdout }) => stdout.trim(),
    (error: { stdout: string }) => `failed: ${error.stdout.trim()}`,
  );
}

describe.skipIf(!original)("the original's client", () => {
  test("creates, acquires, releases and backs up with our server", async () => {
    expect(await cli("prefix", "create", "--cidr", "10.0.0.0/16")).toBe('prefix:"10.0.0.0/16" created');
    expect(await cli("prefix", "acquire", "--parent", "10.0.0.0/16", "--length", "30")).toBe(
      'child prefix:"10.0.0.0/30" from "10.0.0.0/16" created',
    );
    const acquire = () => cli("ip", "acquire", "--prefix", "10.0.0.0/30");
    expect(await acquire()).toBe('ip:"10.0.0.1" acquired');
    expect(await acquire()).toBe('ip:"10.0.0.2" acquired');
    expect(await acquire()).toBe(
      "failed: not_found: NoIPAvailableError: no more ips in prefix: 10.0.0.0/30 left, length of prefix.ips: 4",
    );
    expect(await cli("ip", "release", "--ip", "10.0.0.1", "--prefix", "10.0.0.0/30")).toBe('ip:"10.0.0.1" released');
    expect(await cli("ip", "release", "--ip", "10.0.0.1", "--prefix", "10.0.0.0/30")).toMatch(
      /^failed: not_found: NotFound: unable to release ip:10.0.0.1/,
    );
    expect(await cli("prefix", "list")).toBe(
      'Prefix:"10.0.0.0/16" parent:""\nPrefix:"10.0.0.0/30" parent:"10.0.0.0/16"',
    );

    const backup = await cli("backup", "create");
    expect(await cli("prefix", "release", "--cidr", "10.0.0.0/30")).toMatch(/^failed: invalid_argument: .* has ips/);
    await cli("ip", "release", "--ip", "10.0.0.2", "--prefix", "10.0.0.0/30");
    expect(await cli("prefix", "release", "--cidr", "10.0.0.0/30")).toBe(
      'child prefix:"10.0.0.0/30" from "10.0.0.0/16" released',
    );
    expect(await cli("prefix", "delete", "--cidr", "10.0.0.0/16")).toBe('prefix:"10.0.0.0/16" deleted');
    const folder = mkdtempSync(join(tmpdir(), "ipam-backup-"));
    try {
      writeFileSync(join(folder, "backup.json"), backup);
      expect(await cli("backup", "restore", "--file", join(folder, "backup.json"))).toBe("database restored");
      expect(await cli("backup", "create")).toBe(backup);
      expect(await acquire()).toBe('ip:"10.0.0.1" acquired');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe.skipIf(!original)("the real go-ipam and ours", () => {
  let theirs: { url: string; stop(): Promise<void> };
  let peers: readonly [Peer, Peer];
  beforeAll(async () => {
    theirs = await startOriginal(original!);
    peers = [new Peer(theirs.url), new Peer(ours.url)];
  });
  afterAll(() => theirs?.stop());

  let namespaces = 0;

  test("give the same answers to the same random calls", async () => {
    const seed = Number(process.env["IPAM_SEED"] ?? Date.now() % 2 ** 31);
    await fc.assert(
      fc.asyncProperty(histories, async ({ calls, cidrs }) => {
        const namespace = `history-${++namespaces}`;
        for (const peer of peers) await peer.namespace(namespace);
        const done: string[] = [];
        for (const call of calls) {
          const [wanted, got] = [await peers[0].make(call, namespace), await peers[1].make(call, namespace)];
          done.push(`${JSON.stringify(call)} → ${wanted}`);
          expect(got, `after\n${done.join("\n")}`).toBe(wanted);
        }
        expect(await peers[1].state(cidrs, namespace)).toEqual(await peers[0].state(cidrs, namespace));
      }),
      { numRuns: HISTORIES, seed },
    );
    if (HISTORIES > 1_000) console.log(`${namespaces} histories of seed ${seed}`);
  }, 3_600_000);

  test("give the same answers when many clients ask at the same time", async () => {
    const seed = Number(process.env["IPAM_SEED"] ?? Date.now() % 2 ** 31);
    await fc.assert(
      fc.asyncProperty(
        histories,
        fc.infiniteStream(fc.integer({ min: 2, max: 5 })),
        async ({ calls, cidrs }, times) => {
          const spaces = [`crowd-${++namespaces}`, `crowd-${++namespaces}`];
          for (const peer of peers) for (const namespace of spaces) await peer.namespace(namespace);
          const done: string[] = [];
          for (const call of calls) {
            const clients = canBeCrowded(call) ? times.next().value : 1;
            done.push(`${clients} times ${JSON.stringify(call)}`);
            // The namespaces in one crowd with ours; one call after the other with go-ipam, which loses some otherwise.
            const got = await Promise.all(spaces.map((namespace) => peers[1].crowd(call, clients, namespace)));
            for (const [index, namespace] of spaces.entries()) {
              const wanted = [];
              for (let n = 0; n < clients; n++) wanted.push(await peers[0].make(call, namespace));
              expect(got[index], `after\n${done.join("\n")}`).toEqual(wanted.toSorted());
            }
          }
          for (const namespace of spaces)
            expect(await peers[1].state(cidrs, namespace)).toEqual(await peers[0].state(cidrs, namespace));
        },
      ),
      { numRuns: Math.ceil(HISTORIES / 4), seed },
    );
  }, 3_600_000);

  test("load each other's dumps", async () => {
    const calls: Call[] = [
      { call: "create", cidr: "10.0.0.0/16" },
      { call: "child", of: "10.0.0.0/16", length: 24 },
      { call: "acquire", in: "10.0.0.0/24" },
      { call: "acquire", in: "10.0.0.0/24", ip: "10.0.0.9" },
      { call: "create", cidr: "2001:db8::/48" },
      { call: "child", of: "2001:db8::/48", length: 64 },
      { call: "acquire", in: "2001:db8::/64" },
    ];
    const [go, we] = peers;
    const cidrs = ["10.0.0.0/16", "10.0.0.0/24", "2001:db8::/48", "2001:db8::/64"];
    // The server of the original dumps and loads its root namespace, whatever it is asked for.
    for (const call of calls) await go.make(call, "");
    const dump = await go.dump("");
    await we.namespace("from-go");
    await we.load(dump, "from-go");
    expect(await we.state(cidrs, "from-go")).toEqual(await go.state(cidrs, ""));
    expect(await we.make({ call: "acquire", in: "10.0.0.0/24" }, "from-go")).toBe("10.0.0.2 of 10.0.0.0/24");
    expect(await we.make({ call: "child", of: "10.0.0.0/16", length: 24 }, "from-go")).toBe(
      "10.0.1.0/24 of 10.0.0.0/16",
    );

    const back = await startOriginal(original!);
    try {
      const fresh = new Peer(back.url);
      await fresh.load(await we.dump("from-go"), "");
      expect(await fresh.state(cidrs, "")).toEqual(await we.state(cidrs, "from-go"));
    } finally {
      await back.stop();
    }
  });
});
