// Who may do what, tried over real mutual TLS.
import { Code, ConnectError } from "@connectrpc/connect";
import { notify } from "@metal-stack/database";
import { agent, BootService, EventService } from "@metal-stack/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CertificateAuthority, newKeyPair, privateKeyPem } from "../identity/authority.ts";
import { revokeCertificates } from "../identity/certificates.ts";
import {
  type AgentWorld,
  bootHammer,
  createAgentWorld,
  createPartition,
  type HammerClients,
  hammerWith,
  instructionsOf,
  listen,
  machineId,
  PARTITION,
  registration,
  signingRequest,
} from "../testing/agents.ts";

let world: AgentWorld;
let a: HammerClients;
let b: HammerClients;
beforeAll(async () => {
  world = await createAgentWorld();
  await createPartition(world);
  a = await bootHammer(world, machineId(1));
  b = await bootHammer(world, machineId(2));
});
afterAll(() => world.close());

const code = (code: Code) => expect.objectContaining({ code });
const FORBIDDEN = code(Code.PermissionDenied);
const WHO = code(Code.Unauthenticated);

async function newTicket(id: string): Promise<string> {
  const pixiecore = await world.certify("pixiecore", PARTITION);
  const { plan } = await world.client(agent.BootPlanService, pixiecore).plan({ partitionId: PARTITION, machineId: id });
  return (plan.value as agent.Discovery).ticket;
}

async function exchange(id: string, ticket: string) {
  const { csr } = await signingRequest();
  return world.client(agent.IdentityService).exchange({ machineId: id, ticket, csr });
}

describe("a ticket", () => {
  const id = machineId(3);

  it("is good for one exchange", async () => {
    const ticket = await newTicket(id);
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => exchange(id, ticket)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    await expect(exchange(id, ticket)).rejects.toEqual(WHO);
  });

  it("is spent by its first use, whatever comes of it", async () => {
    const ticket = await newTicket(id);
    const bad = world.client(agent.IdentityService).exchange({ machineId: id, ticket, csr: new Uint8Array([1, 2]) });
    await expect(bad).rejects.toEqual(code(Code.InvalidArgument));
    await expect(exchange(id, ticket)).rejects.toEqual(WHO);
  });

  it("is worth nothing to another machine, and spent by it", async () => {
    const ticket = await newTicket(id);
    await expect(exchange(machineId(2), ticket)).rejects.toEqual(WHO);
    await expect(exchange(id, ticket)).rejects.toEqual(WHO);
  });

  it("is voided by the next one", async () => {
    const old = await newTicket(id);
    const current = await newTicket(id);
    await expect(exchange(id, old)).rejects.toEqual(WHO);
    await expect(exchange(id, current)).resolves.toBeDefined();
  });

  it("ends after ten minutes", async () => {
    const late = await createAgentWorld();
    await createPartition(late);
    const pixiecore = await late.certify("pixiecore", PARTITION);
    const { plan } = await late
      .client(agent.BootPlanService, pixiecore)
      .plan({ partitionId: PARTITION, machineId: id });
    late.pass(10 * 60_000 + 1);
    const { csr } = await signingRequest();
    const ticket = (plan.value as agent.Discovery).ticket;
    await expect(late.client(agent.IdentityService).exchange({ machineId: id, ticket, csr })).rejects.toEqual(WHO);
    await late.close();
  });

  it.each(["", "x", "0".repeat(43), "ä".repeat(43), "x".repeat(10_000)])("cannot be guessed: %s", async (ticket) => {
    await expect(exchange(id, ticket)).rejects.toEqual(WHO);
  });

  it("is stored as a hash only", async () => {
    const ticket = await newTicket(id);
    const rows = await world.context.db.selectFrom("tickets").selectAll().execute();
    expect(JSON.stringify(rows.map((row) => row.hash.toString("latin1")))).not.toContain(ticket);
  });
});

describe("without a certificate", () => {
  it("nothing else is answered", async () => {
    await expect(world.client(BootService).register(registration(a.id))).rejects.toEqual(WHO);
    await expect(world.client(EventService).send({ events: {} })).rejects.toEqual(WHO);
    await expect(world.client(agent.IdentityService).renew({})).rejects.toEqual(WHO);
    await expect(instructionsOf(hammerWith(world, a.id, undefined as never)).next()).rejects.toEqual(WHO);
  });

  it("of our authority, neither", async () => {
    const foreign = await CertificateAuthority.create("test", new Date());
    const keys = await newKeyPair();
    const { pem } = await CertificateAuthority.load(foreign.certificate, foreign.key).issue({
      identity: { component: "machine", id: a.id },
      publicKey: keys.publicKey,
      lifetimeMs: 3_600_000,
      now: new Date(),
    });
    const forged = { cert: pem, key: await privateKeyPem(keys) };
    await expect(world.client(BootService, forged).register(registration(a.id))).rejects.toEqual(WHO);
  });

  it("that the authority remembers, a machine is a stranger", async () => {
    const made = await world.certify("machine", a.id);
    await expect(world.client(BootService, made).register(registration(a.id))).rejects.toEqual(WHO);
  });

  it("that is valid, neither", async () => {
    const ended = await world.certify("pixiecore", PARTITION, 1000 - 3_600_000);
    await expect(world.client(BootService, ended).dhcp({ uuid: a.id, partitionId: PARTITION })).rejects.toEqual(WHO);
  });
});

describe("a machine", () => {
  it("speaks for itself", async () => {
    await expect(a.boot.register(registration(a.id))).resolves.toMatchObject({ size: "v1-small" });
    await expect(a.events.send({ events: { [a.id]: { event: "Preparing" } } })).resolves.toMatchObject({ events: 1n });
  });

  it("never speaks for another", async () => {
    await expect(a.boot.register(registration(b.id))).rejects.toEqual(FORBIDDEN);
    await expect(a.boot.report({ uuid: b.id, success: true })).rejects.toEqual(FORBIDDEN);
    await expect(a.boot.abortReinstall({ uuid: b.id })).rejects.toEqual(FORBIDDEN);
    await expect(a.hammer.reportErase({ machineId: b.id })).rejects.toEqual(FORBIDDEN);
    await expect(a.hammer.eraseProgress({ machineId: b.id })).rejects.toEqual(FORBIDDEN);
    const both = { [a.id]: { event: "Alive" }, [b.id]: { event: "Alive" } };
    await expect(a.events.send({ events: both })).rejects.toEqual(FORBIDDEN);
    const spy = listen((signal) => a.hammer.instructions({ machineId: b.id }, { signal }));
    await expect(spy.next()).rejects.toEqual(FORBIDDEN);
    const spyWait = listen((signal) => a.boot.wait({ machineId: b.id }, { signal }));
    await expect(spyWait.next()).rejects.toEqual(FORBIDDEN);
  });

  it("is no agent", async () => {
    const plan = world.client(agent.BootPlanService, a.credentials).plan({ partitionId: PARTITION, machineId: b.id });
    await expect(plan).rejects.toEqual(FORBIDDEN);
    const commands = listen((signal) =>
      world.client(agent.BmcService, a.credentials).commands({ partitionId: PARTITION }, { signal }),
    );
    await expect(commands.next()).rejects.toEqual(FORBIDDEN);
    await expect(world.client(agent.SwitchService, a.credentials).notify({ id: "leaf01" })).rejects.toEqual(FORBIDDEN);
  });

  it("gets no common BMC password", async () => {
    expect(await a.boot.superUserPassword({})).toMatchObject({ superUserPassword: "" });
  });

  it("renews its certificate, and both are its own", async () => {
    const { csr, key } = await signingRequest();
    const { certificate } = await a.identity.renew({ csr });
    const renewed = hammerWith(world, a.id, { cert: certificate, key });
    await expect(renewed.events.send({ events: { [a.id]: { event: "Alive" } } })).resolves.toBeDefined();
    await expect(renewed.events.send({ events: { [b.id]: { event: "Alive" } } })).rejects.toEqual(FORBIDDEN);
  });

  it("is cut off when its certificate is revoked, streams included", async () => {
    const c = await bootHammer(world, machineId(4));
    const told = instructionsOf(c);
    await told.next();
    await revokeCertificates(world.context.db, c.id, world.context.clock());
    // Whatever happens next to the machine is not told any more.
    await world.context.db.updateTable("machines").set({ disks: "quarantined" }).where("id", "=", c.id).execute();
    await notify(world.context.db, "machine", c.id);
    await expect(told.next()).rejects.toEqual(WHO);
    await expect(c.events.send({ events: { [c.id]: { event: "Alive" } } })).rejects.toEqual(WHO);
  });

  it("loses its old identity when it boots again", async () => {
    const before = await bootHammer(world, machineId(5));
    await bootHammer(world, machineId(5));
    await expect(before.events.send({ events: { [before.id]: { event: "Alive" } } })).rejects.toEqual(WHO);
  });

  it("has a limited number of calls at a time", async () => {
    const streams = Array.from({ length: 16 }, () => instructionsOf(b));
    for (const stream of streams) await stream.next();
    await expect(instructionsOf(b).next()).rejects.toEqual(code(Code.ResourceExhausted));
    for (const stream of streams) stream.stop();
    await expect
      .poll(() =>
        instructionsOf(b)
          .next()
          .then(() => "again"),
      )
      .toBe("again");
  });

  it("cannot send without bound", async () => {
    const huge = { ...registration(a.id), tags: ["x".repeat(2_000_000)] };
    await expect(a.boot.register(huge)).rejects.toEqual(code(Code.ResourceExhausted));
  });
});

describe("agents", () => {
  it("stay in their partition, and are who they are", async () => {
    const stranger = await world.certify("pixiecore", "muc");
    const boot = world.client(BootService, stranger);
    await expect(boot.dhcp({ uuid: a.id, partitionId: PARTITION })).rejects.toEqual(FORBIDDEN);
    await expect(boot.dhcp({ uuid: a.id, partitionId: "muc" })).rejects.toEqual(code(Code.NotFound));
    const leaf = world.client(agent.SwitchService, await world.certify("metal-core", "leaf01"));
    await expect(leaf.notify({ id: "leaf02" })).rejects.toEqual(FORBIDDEN);
    const bmc = world.client(agent.BmcService, await world.certify("metal-bmc", "muc"));
    await expect(bmc.report({ partitionId: PARTITION })).rejects.toEqual(FORBIDDEN);
  });

  it("report only what they can know", async () => {
    const leaf = world.client(EventService, await world.certify("metal-core", "leaf01"));
    await expect(leaf.send({ events: { [a.id]: { event: "Crashed" } } })).rejects.toEqual(FORBIDDEN);
    const mixed = { [a.id]: { event: "Phoned Home" }, [machineId(9)]: { event: "Phoned Home" } };
    expect(await leaf.send({ events: mixed })).toMatchObject({ events: 1n, failed: [machineId(9)] });
    const pixiecore = world.client(EventService, await world.certify("pixiecore", PARTITION));
    await expect(pixiecore.send({ events: { [a.id]: { event: "Waiting" } } })).rejects.toEqual(FORBIDDEN);
    expect(await pixiecore.send({ events: { [a.id]: { event: "PXE Booting" } } })).toMatchObject({ events: 1n });
  });

  it("of the original are refused unless legacy agents are allowed", async () => {
    const request = { partitionId: PARTITION };
    const pixiecore = await world.certify("pixiecore", PARTITION);
    await expect(world.client(BootService, pixiecore).boot(request)).rejects.toEqual(FORBIDDEN);
  });
});

describe("a fault of the server", () => {
  it("tells the caller nothing but that", async () => {
    await world.context.db.schema.alterTable("machines").renameColumn("hardware", "hidden").execute();
    const error = await a.boot.register(registration(a.id)).catch(ConnectError.from);
    await world.context.db.schema.alterTable("machines").renameColumn("hidden", "hardware").execute();
    expect(error).toMatchObject({ code: Code.Internal, rawMessage: "internal error, see the log of metal-api" });
  });
});
