// The original's agents share one certificate that names nobody; they are served only where somebody wants that.
import "../identity/reflection.ts";
import { createPrivateKey } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { agent, BootService, EventService } from "@metal-stack/protocol";
import { X509Certificate, X509CertificateGenerator } from "@peculiar/x509";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newKeyPair, privateKeyPem } from "../identity/authority.ts";
import {
  type AgentWorld,
  createAgentWorld,
  createPartition,
  type Credentials,
  listen,
  machineId,
  PARTITION,
  registration,
} from "../testing/agents.ts";

async function sharedCertificate({ identity }: AgentWorld): Promise<Credentials> {
  const keys = await newKeyPair();
  const key = createPrivateKey(identity.caKey.reveal());
  const certificate = await X509CertificateGenerator.create({
    subject: "CN=grpc-client",
    issuer: new X509Certificate(identity.caCert).subjectName,
    publicKey: keys.publicKey,
    signingKey: key.toCryptoKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]),
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    notAfter: new Date(Date.now() + 3_600_000),
  });
  return { cert: certificate.toString("pem"), key: await privateKeyPem(keys) };
}

const M1 = machineId(1);
let world: AgentWorld;
let shared: Credentials;
afterAll(() => world.close());

describe("with legacy agents", () => {
  beforeAll(async () => {
    world = await createAgentWorld({ METAL_API_LEGACY_AGENTS: "true" });
    await createPartition(world);
    shared = await sharedCertificate(world);
  });

  it("a boot server without identity gets the partition's boot configuration", async () => {
    const boot = world.client(BootService, shared);
    expect(await boot.boot({ partitionId: PARTITION, mac: "aa" })).toMatchObject({
      kernel: "http://cache/kernel",
      initRamDisks: ["http://cache/initrd"],
      cmdline: "quiet",
    });
  });

  it("a boot server reports a machine without its partition, and registration adds that", async () => {
    await world.client(BootService, shared).dhcp({ uuid: M1 });
    const { partition_id } = await world.context.db.selectFrom("machines").selectAll().executeTakeFirstOrThrow();
    expect(partition_id).toBeNull();
  });

  it("a hammer registers and waits; that its wipe is unproven is remembered", async () => {
    const boot = world.client(BootService, shared);
    await boot.register(registration(M1));
    await world.client(EventService, shared).send({ events: { [M1]: { event: "Preparing" } } });
    const waiting = listen((signal) => boot.wait({ machineId: M1 }, { signal }));
    await waiting.next();
    const machine = await world.context.db.selectFrom("machines").selectAll().executeTakeFirstOrThrow();
    expect(machine).toMatchObject({ disks: "erased", disks_reason: "wiped by a legacy hammer, not proven" });
    expect(machine.waiting_until).not.toBeNull();
    waiting.stop();
  });

  it("nobody without identity reaches what is ours", async () => {
    const call = world.client(agent.BootPlanService, shared).plan({ partitionId: PARTITION, machineId: M1 });
    await expect(call).rejects.toEqual(expect.objectContaining({ code: Code.PermissionDenied }));
  });
});

describe("without them", () => {
  beforeAll(async () => {
    await world.close();
    world = await createAgentWorld();
    shared = await sharedCertificate(world);
  });

  it("the shared certificate opens nothing", async () => {
    const call = world.client(BootService, shared).boot({ partitionId: PARTITION });
    await expect(call).rejects.toEqual(expect.objectContaining({ code: Code.Unauthenticated }));
  });
});
