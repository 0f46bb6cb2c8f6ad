// The region's first process, inside its namespaces: builds the wiring, starts every service and server, registers the
// masterdata, and then tells the story: once with a verdict, or for as long as somebody watches.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "@metal-stack/sdk";
import { secretsTold } from "../canary-secrets/lab.ts";
import { sshCommand } from "../access/ssh.ts";
import { duration, say, step } from "../setup/step.ts";
import { createFabric } from "../fabric/fabric.ts";
import { MGMT } from "../fabric/topology.ts";
import { Checks } from "../story/checks.ts";
import { allocate, bootAll, tellStory, type Stage } from "../story/once.ts";
import { tellSpeed } from "../story/speed.ts";
import { Timeline } from "../story/timeline.ts";
import { MachineWatch } from "../story/watch.ts";
import { bareStarts } from "./bare-start.ts";
import { Bastions, inNamespace, runCommand } from "./bastions.ts";
import { makeCredentials } from "./credentials.ts";
import { lastConsoleLines } from "./failure.ts";
import type { Story } from "./host.ts";
import { Processes } from "./processes.ts";
import { relayTo } from "./relay.ts";
import { builtOsImage, PROJECTS, seed } from "./seed.ts";
import { SERVERS, taps, topology, type ServerPlan } from "./servers.ts";
import {
  ADDRESSES,
  chassis,
  consoleSocket,
  controlPlane,
  diskFiles,
  imageStore,
  metalBmc,
  metalCore,
  pixiecore,
  routerAdvertisements,
} from "./services.ts";
import { configureMetalctl } from "./metalctl.ts";
import { LAB_FOLDER, writeState, type MachineAccess } from "./state.ts";
import { storyOf } from "./telling.ts";

const run = process.env["LAB_RUN_FOLDER"]!;
const apiUrl = process.env["LAB_API_URL"]!;
const story = process.env["LAB_STORY"] as Story;
const bare = process.env["LAB_BARE"] === "1";
const started = Date.now();

const timeline = new Timeline(say);
const checks = new Checks(say);
const nameOf = new Map(SERVERS.map((server) => [server.uuid, server.name]));
const processes = new Processes(join(LAB_FOLDER, "logs"), (name, how) =>
  say(`           ${name} ended (${how}); starting it again`),
);
let stopping = false;

async function waitUntil(what: string, test: () => Promise<unknown>, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      await test();
      return;
    } catch (error) {
      if (stopping) throw new Error("stopped", { cause: error });
      if (Date.now() > deadline)
        throw new Error(`${what}: not within ${duration(timeoutMs)}: ${(error as Error).message}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  }
}

async function startRegion(): Promise<Stage & { bastions: Bastions }> {
  const fabric = await step("switches and cables", () => createFabric(topology()));
  const credentials = await step("keys and certificates", () => makeCredentials(join(run, "pki")));
  const tell = storyOf(timeline);
  const api = createClient({
    url: `http://127.0.0.1:${ADDRESSES.apiPort}/metal`,
    hmac: { type: "Metal-Admin", key: credentials.hmac.admin },
  });

  await step("control plane", async () => {
    processes.start(await controlPlane(credentials, run));
    processes.start(imageStore());
    await waitUntil("the control plane is healthy", () => api.get("/v1/health"), 60_000);
  });
  // The API on a UNIX socket, which the host lends a loopback port.
  relayTo({ host: "127.0.0.1", port: ADDRESSES.apiPort }).listen(join(run, "api.sock"));
  await step("partition", async () => {
    processes.start(routerAdvertisements(run, MGMT.boot));
    processes.start({ ...(await pixiecore(credentials, run)), onLine: (line) => tell("pixiecore", line) });
    await waitUntil(
      "pixiecore serves",
      async () => {
        const answer = await fetch(`http://${ADDRESSES.boot}:${ADDRESSES.filesPort}/healthz`);
        if (!answer.ok) throw new Error(`status ${answer.status}`);
      },
      30_000,
    );
    await seed(
      api,
      {
        files: `http://${ADDRESSES.boot}:${ADDRESSES.filesPort}/files`,
        images: `http://${ADDRESSES.control}:${ADDRESSES.imagesPort}`,
      },
      () => undefined,
    );
    for (const leaf of fabric.leaves)
      processes.start({ ...(await metalCore(credentials, leaf.id, leaf.env)), onLine: (line) => tell(leaf.id, line) });
    await waitUntil(
      "both leaves are registered",
      async () => {
        const found = await api.get<unknown[]>("/v1/switch");
        if (found.length < fabric.leaves.length) throw new Error(`${found.length} are`);
      },
      30_000,
    );
  });
  await step("servers", async () => {
    for (const server of SERVERS)
      processes.start({
        ...chassis(server, run, taps(server), { accelerator: "auto", bare }),
        onLine: (line) => tell(server.name, line),
      });
    processes.start({ ...(await metalBmc(credentials, run)), onLine: (line) => tell("metal-bmc", line) });
    await waitUntil(
      "metal-bmc has found both servers",
      async () => {
        const found = await api.get<{ id: string }[]>("/v1/machine");
        for (const server of SERVERS)
          if (!found.some((machine) => machine.id === server.uuid)) throw new Error(`${server.name} is missing`);
      },
      60_000,
    );
  });

  const prepareBareStart = bare ? await bareStarts(credentials, run) : async () => undefined;
  const sshKey = join(run, "id_ed25519");
  const key = await runCommand(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", sshKey]);
  if (key.code !== 0) throw new Error(`ssh-keygen: ${key.output}`);
  const publicKey = (await runCommand(["cat", `${sshKey}.pub`])).output.trim();
  configureMetalctl(apiUrl, credentials.hmac.admin);

  const watch = new MachineWatch(api, timeline, nameOf);
  watch.start();
  const bastions = new Bastions(api, (host) => fabric.attachHost(host));
  writeState({ sshKey, machines: access(watch, undefined), processes: pids() });

  const way = async (server: ServerPlan) => {
    const allocation = watch.machine(server.uuid)?.allocation;
    const network = allocation?.networks.find((entry) => entry.private);
    if (!allocation || !network) throw new Error(`${server.name} is not allocated`);
    const namespace = await bastions.namespaceFor({
      networkid: network.networkid,
      vrf: network.vrf,
      project: allocation.project,
    });
    return { namespace, address: network.ips[0]! };
  };
  const ssh = async (server: ServerPlan, command: string, timeoutMs = 20_000) => {
    const { namespace, address } = await way(server);
    return runCommand(inNamespace(namespace, sshCommand(sshKey, address, [command])), timeoutMs);
  };
  return {
    api,
    timeline,
    watch,
    checks,
    bastions,
    sshPublicKey: publicKey,
    imageId: builtOsImage().id,
    diskFiles: (server) => diskFiles(server, run),
    async powerOn(server) {
      await prepareBareStart(server);
      await api.post(`/v1/machine/${server.uuid}/power/on`);
    },
    secretsTold: () => secretsTold({ api, runFolder: run, hmac: credentials.hmac, logs: join(LAB_FOLDER, "logs") }),
    kill: (process) => processes.kill(process, "SIGKILL"),
    ssh,
    async sshAnswers(server, timeoutMs) {
      await waitUntil(
        `${server.name} answers ssh`,
        async () => {
          const { code, output } = await ssh(server, "true");
          if (code !== 0) throw new Error(output.trim().split("\n").at(-1) ?? "");
        },
        timeoutMs,
      );
      writeState({ machines: access(watch, { [server.name]: await way(server) }), processes: pids() });
    },
    async besides(server, command) {
      const { namespace } = await way(server);
      return runCommand(inNamespace(namespace, command));
    },
  };
}

const known: Record<string, MachineAccess["ssh"]> = {};

/** What the commands `ssh` and `console` need to know of each server. */
function access(
  watch: MachineWatch,
  news: Record<string, NonNullable<MachineAccess["ssh"]>> | undefined,
): Record<string, MachineAccess> {
  Object.assign(known, news);
  return Object.fromEntries(
    SERVERS.map((server) => {
      const way = watch.machine(server.uuid)?.allocation ? known[server.name] : undefined;
      return [
        server.name,
        { uuid: server.uuid, consoleSocket: consoleSocket(server, run), ...(way ? { ssh: way } : {}) },
      ];
    }),
  );
}

const pids = () => Object.fromEntries(processes.names.map((name) => [name, processes.pid(name) ?? 0]));

async function stop(code: number): Promise<never> {
  if (!stopping) {
    stopping = true;
    console.log("\ntaking everything down …");
    checks.save();
    await processes.stopAll();
  }
  process.exit(code);
}

async function tellOnce(stage: Stage): Promise<number> {
  await (story === "once" ? tellStory(stage) : tellSpeed(stage, !bare));
  console.log(timeline.table());
  const told = JSON.stringify(timeline.chapters());
  writeFileSync(join(LAB_FOLDER, "timeline.json"), told);
  console.log(`\n${told}\n(the same in ${LAB_FOLDER}/timeline.json)`);
  const failed = checks.failed;
  console.log(
    failed.length === 0
      ? `\nthe whole story worked, in ${duration(Date.now() - started)}`
      : `\nFAILED:\n  ${failed.join("\n  ")}`,
  );
  return failed.length === 0 ? 0 : 1;
}

/** Boots everything, provisions the first server, and then keeps the ways in up to date until told to stop. */
async function tellForWatchers(stage: Stage & { bastions: Bastions }): Promise<never> {
  await bootAll(stage);
  const [first] = SERVERS as readonly [ServerPlan];
  await allocate(stage, first, PROJECTS[0]);
  console.log(`
The region runs; its API is ${apiUrl}. From another terminal in this folder:

  npm run lab -- ssh ${first.name}              a shell on the server that was just provisioned
  npm run lab -- console ${SERVERS[1]?.name ?? first.name}          a serial console (leave with Ctrl-])
  npx metalctl machine ls
  npx metalctl machine delete ${first.uuid}

Ctrl-C here takes everything down.`);
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    for (const server of SERVERS) {
      const allocation = stage.watch.machine(server.uuid)?.allocation;
      const network = allocation?.networks.find((entry) => entry.private);
      if (!allocation || !network || stage.watch.machine(server.uuid)?.events.log[0]?.event !== "Phoned Home") continue;
      const namespace = await stage.bastions
        .namespaceFor({ networkid: network.networkid, vrf: network.vrf, project: allocation.project })
        .catch(() => undefined);
      if (namespace) known[server.name] = { namespace, address: network.ips[0]! };
    }
    writeState({ machines: access(stage.watch, undefined), processes: pids() });
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => void stop(story === "watch" ? 0 : 1));
try {
  const stage = await startRegion();
  if (story !== "watch") await stop(await tellOnce(stage));
  await tellForWatchers(stage);
} catch (error) {
  if (!stopping) {
    console.error(`\nFAILED: ${(error as Error).message}\n`);
    checks.check((error as Error).message, false);
    for (const server of SERVERS) console.error(lastConsoleLines(server.name, run));
    console.error(`logs: ${LAB_FOLDER}/logs/`);
    await stop(1);
  }
}
