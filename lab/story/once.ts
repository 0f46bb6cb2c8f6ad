// The whole story, unattended: both servers boot and wait, two tenants get one each, run something on it, can't reach
// each other, give them back, and nothing of them is left on the disks.
import type { Client } from "@metal-stack/sdk";
import type { ServerPlan } from "../region/servers.ts";
import { PARTITION, SERVERS } from "../region/servers.ts";
import { PROJECTS, SIZE } from "../region/seed.ts";
import { countOnDisk, newMark, plantOnDisk } from "./canary.ts";
import type { Checks } from "./checks.ts";
import type { Timeline } from "./timeline.ts";
import { lastEvent, type LabMachine, type MachineWatch } from "./watch.ts";

/** What the story needs of a region. */
export interface Stage {
  readonly api: Client;
  readonly timeline: Timeline;
  readonly watch: MachineWatch;
  readonly checks: Checks;
  readonly sshPublicKey: string;
  readonly imageId: string;
  /** Raw disk files of a server. */
  diskFiles(server: ServerPlan): string[];
  powerOn(server: ServerPlan): Promise<void>;
  /** Where secrets of the region stand in its logs. */
  secretsTold(): Promise<readonly string[]>;
  /** Kills a process of the region by SIGKILL; it is started again. */
  kill(process: string): void;
  /** Runs a command on an allocated machine as its tenant; output of both streams. */
  ssh(server: ServerPlan, command: string, timeoutMs?: number): Promise<{ code: number; output: string }>;
  /** Waits until sshd of a machine answers. */
  sshAnswers(server: ServerPlan, timeoutMs: number): Promise<void>;
  /** Runs a command in the namespace that is plugged into the network of a server's tenant. */
  besides(server: ServerPlan, command: readonly string[]): Promise<{ code: number; output: string }>;
}

const BOOT_TIMEOUT_MS = 300_000;
const INSTALL_TIMEOUT_MS = 300_000;
const CANARY_SECTORS = 400;

const waiting = (machine: LabMachine) => lastEvent(machine) === "Waiting";
const allocated = (machine: LabMachine) => Boolean(machine.allocation);

/** Powers all servers on and waits until they are in the pool, proven empty of what was on their disks before. */
export async function bootAll(stage: Stage): Promise<void> {
  const mark = newMark();
  for (const server of SERVERS)
    for (const file of stage.diskFiles(server)) await plantOnDisk(file, mark, CANARY_SECTORS);
  await Promise.all(
    SERVERS.map(async (server) => {
      stage.timeline.begin(server.name, "boot");
      await stage.powerOn(server);
      await stage.watch.until(server.uuid, "waiting", waiting, BOOT_TIMEOUT_MS);
    }),
  );
  for (const server of SERVERS) {
    stage.checks.check(`${server.name} (${server.firmware}) boots from the network and waits`, true);
    stage.checks.check(
      `${server.name}: nothing of what was on its disks is left`,
      (await residue(stage, server, mark)) === 0,
    );
  }
}

async function residue(stage: Stage, server: ServerPlan, mark: string): Promise<number> {
  let found = 0;
  for (const file of stage.diskFiles(server)) found += await countOnDisk(file, mark);
  return found;
}

/** A project's private network, allocated when it has none yet. */
export async function privateNetwork(api: Client, project: string): Promise<string> {
  const existing = await api.post<{ id: string }[] | null>("/v1/network/find", { projectid: project });
  if (existing?.[0]) return existing[0].id;
  const network = await api.post<{ id: string }>("/v1/network/allocate", {
    projectid: project,
    partitionid: PARTITION,
    name: `${project} private`,
  });
  return network.id;
}

/** Asks for this very server, as a tenant's tool would. */
export async function allocate(stage: Stage, server: ServerPlan, project: string, userData = ""): Promise<void> {
  const networkid = await privateNetwork(stage.api, project);
  stage.timeline.begin(server.name, "allocate");
  await stage.api.post("/v1/machine/allocate", {
    uuid: server.uuid,
    name: server.name,
    hostname: server.name,
    description: "the lab's story",
    projectid: project,
    partitionid: PARTITION,
    sizeid: SIZE,
    imageid: stage.imageId,
    networks: [{ networkid, autoacquire: true }],
    ips: [],
    tags: [],
    ssh_pub_keys: [stage.sshPublicKey],
    user_data: Buffer.from(userData).toString("base64"),
  });
  stage.timeline.reached(server.name, "allocated");
  await stage.watch.until(
    server.uuid,
    "phoned home",
    (machine) => allocated(machine) && lastEvent(machine) === "Phoned Home",
    INSTALL_TIMEOUT_MS,
  );
  await stage.sshAnswers(server, 120_000);
  stage.timeline.reached(server.name, "ssh answers");
}

async function useMachine(stage: Stage, server: ServerPlan, project: string, mark: string): Promise<void> {
  const { code, output } = await stage.ssh(server, "hostname; id -un; cat /run/user-data-ran 2>/dev/null");
  const [hostname, user, ran] = output.trim().split("\n");
  stage.checks.check(
    `${server.name}: its tenant (${project}) logs in by ssh`,
    code === 0 && hostname === server.name && user === "metal",
    output.trim(),
  );
  stage.checks.check(`${server.name}: user data ran`, ran === project);
  const size = 32;
  const plant = await stage.ssh(server, `yes '${mark}' | head -c ${size}M > canary && sync && echo planted`, 120_000);
  stage.checks.check(
    `${server.name}: the tenant's secret is on the raw disk (so that its absence means something)`,
    plant.code === 0 && (await residue(stage, server, mark)) > 1000,
  );
}

/** Every process that could end the story if it were fragile, in the order they are killed while servers install. */
const VICTIMS = ["control-plane", "metal-core-leaf01", "pixiecore", "metal-bmc", "metal-core-leaf02", "image-store"];
const BETWEEN_KILLS_MS = 2_500;

/** Kills everything once while the servers install; what the story then still reaches is the proof. */
async function killEverythingOnce(stage: Stage): Promise<void> {
  for (const victim of VICTIMS) {
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_KILLS_MS));
    stage.kill(victim);
  }
}

/** Neither by address nor by multicast, from inside the machine or beside it. */
async function checkIsolation(stage: Stage, one: ServerPlan, other: ServerPlan): Promise<void> {
  const address = (server: ServerPlan) =>
    stage.watch.machine(server.uuid)?.allocation?.networks.find((network) => network.private)?.ips[0] ?? "";
  const own = await stage.besides(one, ["ping", "-c", "2", "-W", "2", address(one)]);
  stage.checks.check(`${one.name} answers in its own network`, own.code === 0);
  const neighbour = await stage.ssh(one, `ping -c 2 -W 2 ${address(other)}`, 30_000);
  stage.checks.check(`${one.name} cannot reach ${other.name}`, neighbour.code !== 0);
  // Pretending to be in the other network: only real separation stops this.
  const prefix = address(other).replace(/\.\d+$/, ".250/22");
  const spoof = await stage.ssh(
    one,
    `sudo ip addr add ${prefix} dev bond0; ping -c 2 -W 2 ${address(other)}; code=$?; sudo ip addr del ${prefix} dev bond0; exit $code`,
    30_000,
  );
  stage.checks.check(`${one.name} cannot reach ${other.name} from a stolen address of its network`, spoof.code !== 0);
}

const REBOOT_TIMEOUT_MS = 240_000;

/** Switches an allocated server off and on through its BMC: its own system must come back, with the tenant's data. */
async function powerCycle(stage: Stage, server: ServerPlan, mark: string, fromNetwork: boolean): Promise<void> {
  const bootId = async () => (await stage.ssh(server, "cat /proc/sys/kernel/random/boot_id")).output.trim();
  const before = await bootId();
  stage.timeline.begin(server.name, "power cycle");
  if (fromNetwork) await stage.api.post(`/v1/machine/${server.uuid}/power/pxe`);
  await stage.api.post(`/v1/machine/${server.uuid}/power/cycle`);
  const deadline = Date.now() + REBOOT_TIMEOUT_MS;
  for (let now = before; now === before || !/^[0-9a-f-]{36}$/.test(now); now = await bootId()) {
    if (Date.now() > deadline) throw new Error(`${server.name} did not come back from a power cycle`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  stage.timeline.reached(server.name, "ssh answers again");
  const kept = await stage.ssh(server, "head -c 39 canary");
  stage.checks.check(
    `${server.name}: ${fromNetwork ? "told to boot from the network while allocated, it is not installed again" : "boots its own disk after a power cycle"}`,
    kept.output.startsWith(mark),
  );
}

/** Runs the story on a region that is up. Throws when a stage is not reached; claims go to `stage.checks`. */
export async function tellStory(stage: Stage): Promise<void> {
  const [m1, m2] = SERVERS as readonly [ServerPlan, ServerPlan];
  await bootAll(stage);
  const tenants = [
    { server: m1, project: PROJECTS[0], mark: newMark() },
    { server: m2, project: PROJECTS[1], mark: newMark() },
  ];
  await Promise.all([
    killEverythingOnce(stage),
    ...tenants.map(({ server, project }) =>
      allocate(stage, server, project, `#!/bin/sh\necho ${project} > /run/user-data-ran\n`),
    ),
  ]);
  stage.checks.check(
    `the story goes on after ${VICTIMS.length} processes were killed while the servers installed`,
    true,
  );
  await Promise.all(tenants.map(({ server, project, mark }) => useMachine(stage, server, project, mark)));
  await Promise.all([checkIsolation(stage, m1, m2), checkIsolation(stage, m2, m1)]);
  await Promise.all(tenants.map(({ server, mark }) => powerCycle(stage, server, mark, server.firmware === "bios")));
  await Promise.all(
    tenants.map(async ({ server }) => {
      stage.timeline.begin(server.name, "release");
      await stage.api.delete(`/v1/machine/${server.uuid}/free`);
      stage.timeline.reached(server.name, "freed");
      await stage.watch.until(
        server.uuid,
        "waiting again",
        (machine) => !allocated(machine) && waiting(machine),
        BOOT_TIMEOUT_MS,
      );
    }),
  );
  for (const { server, mark } of tenants) {
    stage.checks.check(
      `${server.name}: nothing of its tenant is readable on the raw disks`,
      (await residue(stage, server, mark)) === 0,
    );
    const records = await stage.api.get<{ result: string }[]>(`/v1/machine/${server.uuid}/erase-records`);
    stage.checks.check(
      `${server.name}: two erases of every disk are on record, and good`,
      records.length === 2 * server.disks.length && records.every((record) => record.result === "erased"),
    );
  }
  const told = await stage.secretsTold();
  stage.checks.check("no key and no password stands in any log or on any console", told.length === 0, told[0]);
}
