// Agents and machines for tests: a real gRPC server, real certificates, and builders for what agents say.
import "../identity/reflection.ts";
import { createPrivateKey, webcrypto } from "node:crypto";
import { type Client, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { DescService } from "@bufbuild/protobuf";
import { json, Notifications, notify, testDatabase } from "@metal-stack/database";
import { agent, BootService, EventService } from "@metal-stack/protocol";
import { type Component, createLogger, Environment, Secret } from "@metal-stack/service";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { type GrpcIdentity, readConfig } from "../config.ts";
import type { Context } from "../context.ts";
import { MIGRATIONS } from "../database/migrations.ts";
import type { Schema } from "../database/schema.ts";
import { SETTINGS } from "../settings.ts";
import { grpcModules } from "../grpc/modules.ts";
import { createGrpcServer, type GrpcServer } from "../grpc/server.ts";
import { CertificateAuthority, newKeyPair, privateKeyPem } from "../identity/authority.ts";
import { newRecordKey, RecordSigner } from "../release/record-key.ts";
import { TEST_KEYRING } from "./keyring.ts";
import { proveErased } from "./proof.ts";
import { noMasterdata } from "./world.ts";

const YEAR_MS = 365 * 24 * 3_600_000;

export interface Credentials {
  readonly cert: string;
  readonly key: string;
}

export interface AgentWorld {
  readonly context: Context;
  /** Of the database, for processes. */
  readonly url: string;
  readonly identity: GrpcIdentity;
  /** Clients speak to this port from now on: another process serves there. */
  useServerAt(port: number): void;
  /** Moves the clock of metal-api; TLS does not notice. */
  pass(ms: number): void;
  /** Does something at the time that TLS believes in: what gets a certificate. */
  atRealTime<T>(work: () => Promise<T>): Promise<T>;
  /** A certificate as `issue` makes them. */
  certify(component: Component, id: string, lifetimeMs?: number): Promise<Credentials>;
  /** A client with that certificate, or with none. */
  client<Service extends DescService>(service: Service, credentials?: Credentials): Client<Service>;
  /** Ends the server with all streams, and starts another on the same port: a new process, as far as agents can see. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function createAgentWorld(env: Record<string, string> = {}): Promise<AgentWorld> {
  const database = await testDatabase<Schema>(MIGRATIONS);
  const notifications = new Notifications(database.url);
  await notifications.ready();
  const log = createLogger("metal-api");
  log.level = process.env["LOG_LEVEL"] ?? "silent";
  let offset = 0;
  const keys = { METAL_API_ALLOW_DEFAULT_KEYS: "true", METAL_API_BMC_REQUIRED: "false" };
  const context: Context = {
    db: database.db,
    notifications,
    masterdata: noMasterdata,
    log,
    config: readConfig(new Environment(SETTINGS, { ...keys, ...env })),
    keyring: TEST_KEYRING,
    clock: () => new Date(Date.now() + offset),
  };
  const ca = await CertificateAuthority.create("test", new Date());
  const authority = CertificateAuthority.load(ca.certificate, ca.key);
  const certify = async (component: Component, id: string, lifetimeMs = YEAR_MS): Promise<Credentials> => {
    const pair = await newKeyPair();
    const issued = await authority.issue({
      identity: { component, id },
      publicKey: pair.publicKey,
      lifetimeMs,
      now: new Date(),
      ipAddresses: ["127.0.0.1"],
    });
    return { cert: issued.pem, key: await privateKeyPem(pair) };
  };
  const own = await certify("metal-api", "test");
  const identity: GrpcIdentity = {
    cert: own.cert,
    key: new Secret(own.key),
    caCert: ca.certificate,
    caKey: new Secret(ca.key),
    recordKey: new RecordSigner(newRecordKey()),
  };
  const newServer = () => createGrpcServer(context, identity, grpcModules(identity));
  let server: GrpcServer = newServer();
  let port = await server.listen("127.0.0.1", 0);
  return {
    context,
    url: database.url,
    identity,
    useServerAt: (other) => void (port = other),
    pass: (ms) => void (offset += ms),
    atRealTime: async (work) => {
      const passed = offset;
      offset = 0;
      return work().finally(() => (offset = passed));
    },
    certify,
    client: (service, credentials) => {
      const nodeOptions = { ca: ca.certificate, ...credentials };
      return createClient(service, createGrpcTransport({ baseUrl: `https://127.0.0.1:${port}`, nodeOptions }));
    },
    restart: async () => {
      await server.close();
      server = newServer();
      await server.listen("127.0.0.1", port);
    },
    close: async () => {
      await server.close();
      await notifications.close();
      await database.drop();
    },
  };
}

export const PARTITION = "fra";
export const IMAGE = "debian-12.0.20261101";
/** The id of the n-th machine. */
export const machineId = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const GIB = 2 ** 30;
export const DISK = { name: "/dev/vda", size: 8 * GIB, serial: "D1" };

/** A partition with a rack of two leaves, one size, one image. */
export async function createPartition({ context: { db } }: AgentWorld): Promise<void> {
  await db
    .insertInto("partitions")
    .values({
      id: PARTITION,
      boot_configuration: json({
        kernelurl: "http://cache/kernel",
        imageurl: "http://cache/initrd",
        commandline: "quiet",
      }),
    })
    .execute();
  await db
    .insertInto("sizes")
    .values({
      id: "v1-small",
      constraints: json([
        { type: "cores", min: 2, max: 2 },
        { type: "memory", min: GIB, max: 4 * GIB },
        { type: "storage", min: GIB, max: 16 * GIB },
      ]),
    })
    .execute();
  await db
    .insertInto("images")
    .values({
      id: IMAGE,
      url: "http://cache/debian.tar.zst",
      sha256: "ab".repeat(32),
      os: "debian",
      version_text: "12.0.20261101",
      expiration_date: new Date("2099-01-01"),
      features: ["machine", "firewall"],
    })
    .execute();
  for (const id of ["leaf01", "leaf02"])
    await db.insertInto("switches").values({ id, name: id, partition_id: PARTITION, rack_id: "r1" }).execute();
  for (const id of ["leaf01", "leaf02"])
    for (const name of ["swp1", "swp2"])
      await db
        .insertInto("switch_ports")
        .values({ switch_id: id, name, identifier: `${id} ${name}` })
        .execute();
}

/** What the discovery image of a machine at port `swp<port>` of both leaves registers. */
export function registration(id: string, port = 1) {
  const nic = (leaf: string, index: number) => ({
    mac: `52:54:${id.slice(-4, -2)}:${id.slice(-2)}:0${port}:0${index}`,
    name: `eth${index}`,
    neighbors: [{ hostname: leaf, identifier: `${leaf} swp${port}`, name: `swp${port}` }],
  });
  return {
    uuid: id,
    partitionId: PARTITION,
    metalHammerVersion: "test",
    hardware: {
      memory: BigInt(2 * GIB),
      cpus: [{ model: "test", cores: 2, threads: 2 }],
      nics: [nic("leaf01", 0), nic("leaf02", 1)],
      disks: [{ ...DISK, size: BigInt(DISK.size) }],
    },
    bios: { version: "1", vendor: "test", date: "today" },
    ipmi: {
      address: "10.0.0.1:623",
      mac: "52:54:00:ff:00:01",
      user: "metal",
      password: "secret",
      interface: "lanplus",
    },
  };
}

/** A good erase of {@link DISK}. */
export const erasedDisk = {
  name: DISK.name,
  serial: DISK.serial,
  size: BigInt(DISK.size),
  method: "overwrite",
  sectorsSampled: 18_192n,
  sectorSize: 512,
  verified: true,
};

/** A machine with its certificate: what a hammer can do. */
export interface HammerClients {
  readonly id: string;
  readonly credentials: Credentials;
  readonly boot: Client<typeof BootService>;
  readonly hammer: Client<typeof agent.HammerService>;
  readonly events: Client<typeof EventService>;
  readonly identity: Client<typeof agent.IdentityService>;
}

export async function signingRequest(): Promise<{ csr: Uint8Array<ArrayBuffer>; key: string }> {
  const keys = await newKeyPair();
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: "CN=metal-hammer",
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({ format: "pem", type: "pkcs8" });
  return { csr: new Uint8Array(request.rawData), key: key.toString() };
}

/** Power-on up to the running discovery image: DHCP, plan, ticket, certificate. */
export async function bootHammer(world: AgentWorld, id: string): Promise<HammerClients> {
  return world.atRealTime(() => bootHammerNow(world, id));
}

async function bootHammerNow(world: AgentWorld, id: string): Promise<HammerClients> {
  const pixiecore = await world.certify("pixiecore", PARTITION);
  await world.client(BootService, pixiecore).dhcp({ uuid: id, partitionId: PARTITION });
  const { plan } = await world.client(agent.BootPlanService, pixiecore).plan({ partitionId: PARTITION, machineId: id });
  if (plan.case !== "discovery") throw new Error(`${plan.case}: ${plan.value?.reason}`);
  const { csr, key } = await signingRequest();
  const { certificate } = await world
    .client(agent.IdentityService)
    .exchange({ machineId: id, ticket: plan.value.ticket, csr });
  return hammerWith(world, id, { cert: certificate, key });
}

export function hammerWith(world: AgentWorld, id: string, credentials: Credentials): HammerClients {
  return {
    id,
    credentials,
    boot: world.client(BootService, credentials),
    hammer: world.client(agent.HammerService, credentials),
    events: world.client(EventService, credentials),
    identity: world.client(agent.IdentityService, credentials),
  };
}

/** Keeps reading a stream; `next` gives the messages one by one. */
export function listen<T>(open: (signal: AbortSignal) => AsyncIterable<T>) {
  const stop = new AbortController();
  const messages = open(stop.signal)[Symbol.asyncIterator]();
  return {
    /** The next message; throws the stream's error, or "ended". */
    next: async (): Promise<T> => {
      const { value, done } = await messages.next();
      if (done) throw new Error("ended");
      return value;
    },
    stop: () => stop.abort(),
  };
}

export function instructionsOf({ hammer, id }: HammerClients) {
  const stream = listen((signal) => hammer.instructions({ machineId: id }, { signal }));
  return {
    ...stream,
    /** The next instruction of this kind; others before it are passed over. */
    async until(kind: string) {
      for (;;) {
        const { instruction } = await stream.next();
        if (instruction.case === kind) return instruction;
      }
    },
  };
}

/** What an allocation leaves in the tables (its own tests are elsewhere). */
export async function allocate({ context: { db } }: AgentWorld, id: string, vrf = 42): Promise<string> {
  const uuid = webcrypto.randomUUID();
  const { disks } = await db.selectFrom("machines").select("disks").where("id", "=", id).executeTakeFirstOrThrow();
  if (disks !== "erased") await proveErased(db, id);
  await db.transaction().execute(async (tx) => {
    await tx
      .insertInto("allocations")
      .values({
        uuid,
        machine_id: id,
        creator: "ann",
        project_id: "p1",
        image_id: IMAGE,
        role: "machine",
        hostname: "web",
        asn: 4_210_000_001 + vrf,
        filesystem_layout: json({
          id: "default",
          name: "",
          description: "",
          constraints: { sizes: [], images: {} },
          filesystems: [{ path: "/", device: "/dev/vda1", format: "ext4" }],
          disks: [{ device: "/dev/vda", partitions: [{ number: 1, size: 0, gpttype: "8300" }], wipeonreinstall: true }],
          raid: [],
          volumegroups: [],
          logicalvolumes: [],
        }),
        networks: json([
          {
            networkid: "n1",
            prefixes: ["10.0.0.0/22"],
            ips: ["10.0.0.2"],
            destinationprefixes: [],
            vrf,
            asn: 4_210_000_001 + vrf,
            nat: false,
            private: true,
            underlay: false,
            networktype: "privateprimaryunshared",
            networktypev2: "child",
            nattypev2: "none",
            projectid: "p1",
          },
        ]),
      })
      .execute();
    await tx.updateTable("machines").set({ disks: "in-use", waiting_until: null }).where("id", "=", id).execute();
    await notify(tx, "machine", id);
  });
  return uuid;
}
