// What the attacks are made against: a region with real services, two servers that behave, and a stranger on the same
// leaves. Runs in namespaces of its own.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Client, createClient } from "@metal-stack/sdk";
import { openDatabase } from "@metal-stack/database";
import { identityUri } from "@metal-stack/service";
import { sql } from "kysely";
import { createFabric } from "../fabric/fabric.ts";
import { makeCredentials, type Credentials } from "../region/credentials.ts";
import { Processes } from "../region/processes.ts";
import { LEAVES, PARTITION } from "../region/servers.ts";
import { ADDRESSES, controlPlane, GRPC_ADDRESS, metalCore, pixiecore } from "../region/services.ts";
import { Machine } from "./machine.ts";
import { seed, type Seeded } from "./seed.ts";
import { Station } from "./station.ts";
import { until } from "./until.ts";

export interface Stage {
  readonly api: Client;
  readonly credentials: Credentials;
  /** PEM */
  readonly ca: string;
  readonly seeded: Seeded;
  /** Waits for an allocation. */
  readonly victim: Machine;
  /** A tenant's: installed, in its network. */
  readonly tenant: Machine;
  /** Plugged in like them. Speaks for no machine, but knows everything that is no secret. */
  readonly stranger: Station;
  /** Of pixiecore, by HTTP. */
  readonly bootServer: { readonly host: string; readonly port: number };
  /** Runs a statement in metal-api's database: what no clock of ours can bring about. */
  sql(statement: string): Promise<void>;
  /** PEM of a certificate that the authority has made. */
  certify(
    component: "machine" | "pixiecore" | "metal-core" | "metal-bmc",
    id: string,
    days?: number,
  ): Promise<{ ca: string; cert: string; key: string }>;
  /** A certificate that names this machine and every kind of agent, signed by nobody. */
  forge(machineId: string): Promise<{ ca: string; cert: string; key: string }>;
  stop(): Promise<void>;
}

const PORTS = { victim: "swp1", tenant: "swp2", stranger: "swp3" } as const;
const VICTIM = "00000000-0000-4000-8000-0000000000a1";
const TENANT = "00000000-0000-4000-8000-0000000000a2";

const taps = (name: string) => [`${name}-eth0`, `${name}-eth1`] as const;
const macs = (n: number) => [`52:54:00:0${n}:00:01`, `52:54:00:0${n}:00:02`] as const;

export async function startStage(runFolder: string): Promise<Stage> {
  const fabric = await createFabric({
    leaves: LEAVES.map((id) => ({ id })),
    servers: Object.entries(PORTS).map(([id, port]) => ({
      id,
      nics: LEAVES.map((leaf, index) => ({ leaf, port, tap: taps(id)[index]! })),
    })),
  });
  const logs = join(runFolder, "logs");
  const processes = new Processes(logs, (name, how) => console.error(`${name} ended: ${how}`));
  const credentials = await makeCredentials(join(runFolder, "pki"));
  const ca = readFileSync(credentials.caCert, "utf8");
  const api = createClient({
    url: `http://${ADDRESSES.control}:${ADDRESSES.apiPort}/metal`,
    hmac: { type: "Metal-Admin", key: credentials.hmac.admin },
  });
  const files = join(runFolder, "files");
  mkdirSync(files, { recursive: true });
  writeFileSync(join(files, "kernel"), "a kernel");
  writeFileSync(join(files, "initrd"), "an initrd");
  writeFileSync(join(files, "image"), "an image");
  writeFileSync(join(files, ".hidden"), "hidden");
  writeFileSync(join(runFolder, "secret"), "outside of the folder");
  symlinkSync("../secret", join(files, "link"));

  processes.start(await controlPlane(credentials, runFolder));
  const boots = await pixiecore(credentials, runFolder);
  processes.start({
    ...boots,
    env: {
      ...boots.env,
      PIXIECORE_FILES_DIR: files,
      PIXIECORE_DHCP_TRIAL_SECONDS: "5",
      PIXIECORE_DHCP_RANGE: "10.255.0.100-10.255.0.139",
    },
  });
  await until("the control plane is healthy", () => api.get("/v1/health"));
  await until("pixiecore serves", () => fetch(`http://${ADDRESSES.boot}:${ADDRESSES.filesPort}/healthz`));
  const seeded = await seed(api);
  for (const leaf of fabric.leaves) processes.start(await metalCore(credentials, leaf.id, leaf.env));
  await until("both leaves are registered", async () => {
    if ((await api.get<unknown[]>("/v1/switch")).length < 2) throw new Error("not yet");
  });

  const database = openDatabase<object>(
    `postgresql://metal@localhost/metal?host=${join(runFolder, "postgres", "socket")}`,
  );
  const victim = new Machine(await Station.plugIn("victim", taps("victim"), macs(1)), VICTIM, PORTS.victim, ca);
  const tenant = new Machine(await Station.plugIn("tenant", taps("tenant"), macs(2)), TENANT, PORTS.tenant, ca);
  const stranger = await Station.plugIn("stranger", taps("stranger"), macs(3));
  await vouchFor(victim, await credentials.issue("metal-bmc", PARTITION), [victim.uuid, tenant.uuid]);
  return {
    api,
    credentials,
    ca,
    seeded,
    victim,
    tenant,
    stranger,
    bootServer: { host: ADDRESSES.boot, port: ADDRESSES.filesPort },
    sql: async (statement) => {
      await sql.raw(statement).execute(database);
    },
    async certify(component, id, days) {
      const made = await credentials.issue(component, id, days === undefined ? [] : ["--days", String(days)]);
      return { ca, cert: readFileSync(made.cert, "utf8"), key: readFileSync(made.key, "utf8") };
    },
    forge: async (machineId) => forge(runFolder, ca, machineId),
    async stop() {
      await database.destroy();
      for (const station of [victim.station, tenant.station, stranger]) await station.close();
      await processes.stopAll();
    },
  };
}

/** What metal-bmc reports of their BMCs (there are none here). */
async function vouchFor({ station, ca }: Machine, bmc: { cert: string; key: string }, uuids: readonly string[]) {
  const credentials = { ca, cert: readFileSync(bmc.cert, "utf8"), key: readFileSync(bmc.key, "utf8") };
  const reports = uuids.map((machineId, n) => ({ machineId, address: `10.254.0.${11 + n}:623` }));
  // Its way there is the boot network's; an address of nobody's will do.
  await station.useAddress("10.255.0.99");
  const request = { partitionId: PARTITION, reports };
  const { code, message } = await station.do("grpc", {
    address: GRPC_ADDRESS,
    credentials,
    method: "agent.v1.BmcService/Report",
    request,
  });
  if (code !== "ok") throw new Error(`the BMCs could not be reported: ${message}`);
}

function forge(folder: string, ca: string, machineId: string) {
  const [cert, key] = [join(folder, "forged.pem"), join(folder, "forged-key.pem")];
  const names = (["machine", "pixiecore", "metal-core", "metal-bmc"] as const).map(
    (component) => `URI:${identityUri({ component, id: component === "machine" ? machineId : PARTITION })}`,
  );
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const subject = ["-subj", "/CN=machine", "-addext", `subjectAltName=${names.join(",")}`];
  execFileSync("openssl", [...request, ...subject, "-keyout", key, "-out", cert], { stdio: "pipe" });
  return { ca, cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
}
