// The whole agent as a process on a leaf of network namespaces, with metal-api played by a stand-in. Two servers are
// plugged in: m1 at swp1 and m2 at swp2.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { create } from "@bufbuild/protobuf";
import { agent } from "@metal-stack/protocol";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { canMakeNamespaces, Namespaces } from "./linux/namespaces.ts";
import { makeCertificates, StandIn } from "./stand-in.ts";

const able = canMakeNamespaces();
if (!able) console.warn("SKIPPED: metal-core needs network namespaces");

const M1 = "00000000-0000-0000-0000-0000000000a1";
const GRPC_PORT = 50_051;
const EXAMPLE = new URL("../example/neighbours.ts", import.meta.resolve("@metal-stack/lldp"));

/** swp1 is already in a tenant's network, as an earlier metal-core has left it. */
const WORLD = `
  ip netns add leaf01; ip -n leaf01 link set lo up; ip -n leaf01 addr add 10.1.0.1/32 dev lo
  for number in 1 2; do
    ip netns add m$number; ip -n m$number link set lo up
    ip link add eth0 netns m$number type veth peer name swp$number netns leaf01; ip -n m$number link set eth0 up
  done
  ip -n leaf01 link add br104007 type bridge; ip -n leaf01 link set br104007 up
  ip -n leaf01 link set swp1 master br104007 up`;

const folder = mkdtempSync(join(tmpdir(), "metal-core-"));
const standIn = new StandIn(folder);
const children: ChildProcess[] = [];
const log: Record<string, unknown>[] = [];
let world: Namespaces;

function start(namespace: string, command: string[], env: Record<string, string> = {}): ChildProcess {
  // Nothing outlives this test, however it ends.
  const [program, ...parameters] = [...world.inside(namespace), "setpriv", "--pdeathsig", "KILL", ...command];
  const child = spawn(program!, parameters, {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...env },
  });
  children.push(child);
  return child;
}

function lines(child: ChildProcess, seen: Record<string, unknown>[]): void {
  createInterface({ input: child.stdout! }).on("line", (line) =>
    seen.push(JSON.parse(line) as Record<string, unknown>),
  );
}

function startMetalCore(): ChildProcess {
  const child = start("leaf01", [process.execPath, fileURLToPath(new URL("main.ts", import.meta.url))], {
    METAL_CORE_SWITCH_ID: "leaf01",
    METAL_CORE_PARTITION_ID: "test",
    METAL_CORE_RACK_ID: "rack-1",
    METAL_CORE_GRPC_ADDRESS: `127.0.0.1:${GRPC_PORT}`,
    METAL_CORE_GRPC_CA_FILE: join(folder, "ca.crt"),
    METAL_CORE_GRPC_CERT_FILE: join(folder, "client.crt"),
    METAL_CORE_GRPC_KEY_FILE: join(folder, "client.key"),
    METAL_CORE_VTEP_ADDRESS: "10.1.0.1",
    METAL_CORE_VTEP_PEERS: "10.1.0.1,10.1.0.2",
    METAL_CORE_METRICS_PORT: "2112",
    LOG_LEVEL: "info",
  });
  lines(child, log);
  return child;
}

function config(generation: number, vrfs: readonly [string, string]): agent.SwitchConfig {
  return create(agent.SwitchConfigSchema, {
    generation: BigInt(generation),
    ports: vrfs.map((vrf, index) => ({ name: `swp${index + 1}`, vrf, machineId: index === 0 ? M1 : "" })),
  });
}

const eventually = (test: () => unknown) => vi.waitFor(test, { timeout: 30_000, interval: 50 });
const bridgeOf = async (port: string) =>
  /master (\S+)/.exec(await world.shell("leaf01", `ip link show dev ${port}`))?.[1];

describe.skipIf(!able)("metal-core", { timeout: 60_000 }, () => {
  beforeAll(async () => {
    makeCertificates(folder, "leaf01");
    world = await Namespaces.create(WORLD);
    await standIn.start();
    start("leaf01", [
      "socat",
      `TCP-LISTEN:${GRPC_PORT},bind=127.0.0.1,fork,reuseaddr`,
      `UNIX-CONNECT:${standIn.socket}`,
    ]);
    startMetalCore();
  });
  afterAll(async () => {
    for (const child of children.filter((each) => each.exitCode === null && each.signalCode === null)) {
      child.kill();
      await once(child, "exit");
    }
    await standIn.stop();
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("registers its ports under its own certificate", async () => {
    await eventually(() => expect(standIn.registrations).toHaveLength(1));
    const [registration] = standIn.registrations;
    expect(registration).toMatchObject({ id: "leaf01", partitionId: "test", rackId: "rack-1" });
    expect(registration!.ports.map(({ name, identifier }) => [name, identifier])).toEqual([
      ["swp1", "swp1"],
      ["swp2", "swp2"],
    ]);
    expect([...standIn.callers]).toEqual(["metal-core leaf01"]);
  });

  it("touches nothing before it is told what is wanted", async () => expect(await bridgeOf("swp1")).toBe("br104007"));

  it("makes the ports as wanted, says each step, and tells metal-api", async () => {
    standIn.push(config(1, ["", "vrf104001"]));
    await eventually(() =>
      expect(standIn.notifications.at(-1)).toMatchObject({
        id: "leaf01",
        appliedGeneration: 1n,
        error: "",
        portStates: { swp1: "UP", swp2: "UP" },
      }),
    );
    expect(standIn.notifications[0]!.syncDurationNanoseconds).toBeGreaterThan(0n);
    expect(await bridgeOf("swp1")).toBe("brpxe");
    expect(await bridgeOf("swp2")).toBe("br104001");
    expect(log).toContainEqual(expect.objectContaining({ step: "port moved", port: "swp2", vrf: "vrf104001" }));
  });

  it("tells the servers where they are, and metal-api when an installed one answers", async () => {
    const heard: Record<string, unknown>[] = [];
    lines(start("m1", [process.execPath, fileURLToPath(EXAMPLE), "packet", "eth0", M1]), heard);
    await eventually(() => expect(standIn.events).toHaveLength(1));
    expect(standIn.events[0]).toMatchObject({
      [M1]: { event: "Phoned Home", message: expect.stringMatching(/^provisioned since /) as string },
    });
    await eventually(() => expect(heard.some((line) => line["change"] === "appeared")).toBe(true));
    expect(heard.find((line) => line["change"] === "appeared")).toMatchObject({
      frame: {
        systemName: "leaf01",
        chassisId: { subtype: "mac", value: standIn.registrations[0]!.ports[0]!.mac },
        portId: { subtype: "local", value: "swp1" },
        portDescription: "swp1",
      },
    });
  });

  it("moves a port while it hears its server", async () => {
    standIn.push(config(2, ["vrf104001", "vrf104001"]));
    await eventually(() => expect(standIn.notifications.at(-1)?.appliedGeneration).toBe(2n));
    expect(await bridgeOf("swp1")).toBe("br104001");
  });

  it("tells metal-api what it does not understand", async () => {
    standIn.push(config(3, ["vrf104001", "vrf-7"]));
    await eventually(() => expect(standIn.notifications.at(-1)).toMatchObject({ appliedGeneration: 3n }));
    expect(standIn.notifications.at(-1)!.error).toContain("swp2 is isolated");
    expect(standIn.notifications.at(-1)!.portStates).toMatchObject({ swp1: "UP", swp2: "DOWN" });
    expect(await bridgeOf("swp2")).toBeUndefined();
  });

  it("heals the box and keeps all as it was while metal-api is away, and reports when it is back", async () => {
    await standIn.stop();
    await world.shell("leaf01", "ip link set swp1 nomaster");
    await eventually(async () => expect(await bridgeOf("swp1")).toBe("br104001"));

    standIn.registrations.length = 0;
    standIn.push(config(4, ["", "vrf104001"]));
    await standIn.start();
    await eventually(() => expect(standIn.registrations).not.toHaveLength(0));
    await eventually(() => expect(standIn.notifications.at(-1)).toMatchObject({ appliedGeneration: 4n, error: "" }));
    expect(await bridgeOf("swp1")).toBe("brpxe");
  });

  it("registers again when there are more ports", async () => {
    standIn.registrations.length = 0;
    await world.shell("leaf01", "ip link add swp3 type veth peer name other && ip link set other up");
    await eventually(() => expect(standIn.registrations.at(-1)?.ports.map((port) => port.name)).toContain("swp3"));
  });

  it("counts its failures", async () => {
    const metrics = await world.shell(
      "leaf01",
      String.raw`printf 'GET /metrics HTTP/1.0\r\n\r\n' | socat -t2 - TCP:127.0.0.1:2112`,
    );
    expect(metrics).toMatch(/metal_core_total_errors\{operation="switch-reconfiguration"\} 0/);
  });

  it("leaves the ports as they are when it ends, and changes nothing when it starts again", async () => {
    const [metalCore] = children.filter((child) => child.spawnargs.some((argument) => argument.endsWith("main.ts")));
    metalCore!.kill();
    await once(metalCore!, "exit");
    expect(await bridgeOf("swp2")).toBe("br104001");
    log.length = 0;
    startMetalCore();
    await eventually(() => expect(log).toContainEqual(expect.objectContaining({ step: "applied", changes: 0 })));
  });
});
