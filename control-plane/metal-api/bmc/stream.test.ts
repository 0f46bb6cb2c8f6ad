// Commands on their way to BMCs, over real connections.
import { Code } from "@connectrpc/connect";
import { agent } from "@metal-stack/protocol";
import { Secret } from "@metal-stack/service";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type AgentWorld,
  createAgentWorld,
  createPartition,
  type Credentials,
  listen,
  machineId,
  PARTITION,
} from "../testing/agents.ts";
import { type BmcCommandName, enqueueBmcCommand, expireBmcCommands } from "./commands.ts";
import { noteAppliedLogin } from "./logins.ts";

const M1 = machineId(1);
const PATIENT = { timeout: 10_000 };
let world: AgentWorld;
let credentials: Credentials;

beforeAll(async () => {
  world = await createAgentWorld();
  await createPartition(world);
  credentials = await world.certify("metal-bmc", PARTITION);
  const { db, keyring } = world.context;
  const ipmi = JSON.stringify({ address: "[2001:db8::1]:623", user: "metal" }) as never;
  await db.insertInto("machines").values({ id: M1, partition_id: PARTITION, ipmi }).execute();
  await noteAppliedLogin(db, keyring, M1, "metal", new Secret("s3cret"));
});
beforeEach(() => world.context.db.deleteFrom("bmc_commands").execute());
afterAll(() => world.close());

const bmc = (own = credentials) => world.client(agent.BmcService, own);
const enqueue = (command: BmcCommandName, id = M1) =>
  world.context.db.transaction().execute((tx) => enqueueBmcCommand(tx, { id, partitionId: PARTITION }, command, "ann"));
const row = (id: string) =>
  world.context.db.selectFrom("bmc_commands").selectAll().where("id", "=", id).executeTakeFirstOrThrow();

/** A metal-bmc; `next` passes signs of life over. */
function agentStream(own = credentials) {
  const client = bmc(own);
  const stream = listen((signal) => client.commands({ partitionId: PARTITION }, { signal }));
  return {
    ...stream,
    next: async () => {
      for (;;) {
        const command = await stream.next();
        if (command.commandId !== "") return command;
      }
    },
    /** Resolves when the stream is served. */
    alive: stream.next,
  };
}

describe("commands", () => {
  it("come at once, in order, with what the BMC needs", async () => {
    const stream = agentStream();
    await stream.alive();
    await enqueue("PXE");
    const id = await enqueue("RESET");
    expect((await stream.next()).command).toBe("PXE");
    expect(await stream.next()).toMatchObject({
      commandId: id,
      machineId: M1,
      command: "RESET",
      address: "[2001:db8::1]:623",
      user: "metal",
      password: "s3cret",
    });
    stream.stop();
  });

  it("are sent again to an agent that connects again, until they are answered", async () => {
    const done = await enqueue("PXE");
    const open = await enqueue("RESET");
    const first = agentStream();
    await first.next();
    await first.next();
    await bmc().commandDone({ commandId: done });
    // Its old connection still looks alive: it takes over from itself.
    const second = agentStream();
    expect((await second.next()).commandId).toBe(open);
    const repeated = await row(open);
    expect(repeated.done).toBeNull();
    expect(repeated.attempts).toBeGreaterThan(1);
    await expect(bmc().commandDone({ commandId: open, error: "timeout" })).resolves.toBeDefined();
    expect(await row(open)).toMatchObject({ done: expect.any(Date), error: "timeout" });
    // A repeated answer changes nothing.
    await bmc().commandDone({ commandId: open });
    expect(await row(open)).toMatchObject({ error: "timeout" });
    second.stop();
    first.stop();
  });

  it("survive a restart of metal-api", async () => {
    const stream = agentStream();
    await stream.alive();
    await world.restart();
    const id = await enqueue("ON");
    const again = agentStream();
    expect((await again.next()).commandId).toBe(id);
    again.stop();
    stream.stop();
  });

  it("go to one agent at a time; a stand-by takes over when it is gone", async () => {
    const active = agentStream();
    await active.alive();
    const other = await world.certify("metal-bmc", PARTITION);
    await expect(agentStream(other).next()).rejects.toEqual(expect.objectContaining({ code: Code.Unavailable }));
    active.stop();
    await expect
      .poll(async () => {
        const standby = agentStream(other);
        return standby.alive().then(() => {
          standby.stop();
          return "served";
        }, String);
      }, PATIENT)
      .toBe("served");
  });

  it("that nobody executed in time are closed, and say why", async () => {
    const unsent = await enqueue("ON");
    const sent = await enqueue("OFF");
    const deaf = machineId(2);
    await world.context.db
      .insertInto("machines")
      .values({ id: deaf, partition_id: PARTITION })
      .onConflict((c) => c.doNothing())
      .execute();
    const unknown = await enqueue("ON", deaf);
    await world.context.db.updateTable("bmc_commands").set({ sent: new Date() }).where("id", "=", sent).execute();
    await world.context.db
      .updateTable("bmc_commands")
      .set({ expires: new Date(0) })
      .execute();
    await expireBmcCommands(world.context.db);
    expect((await row(unsent)).error).toContain("no metal-bmc of partition fra asked for it");
    expect((await row(sent)).error).toContain("did not answer in time");
    expect((await row(unknown)).error).toBe("the address of the BMC is not known");
  });

  it("are kept as long as they are open, and the last hundred", async () => {
    const { db } = world.context;
    const open = await enqueue("ON");
    await sql`
      insert into bmc_commands (id, partition_id, machine_id, command, expires, done)
      select 'old-' || number, ${PARTITION}, ${M1}, 'PXE', now(), now() from generate_series(1, 150) number`.execute(
      db,
    );
    const last = await enqueue("OFF");
    const kept = await db.selectFrom("bmc_commands").select("id").orderBy("sequence").execute();
    const old = Array.from({ length: 99 }, (_, index) => `old-${index + 52}`);
    expect(kept.map(({ id }) => id)).toEqual([open, ...old, last]);
  });

  it("that must not be done twice may begin once; later ones are told that it may have happened", async () => {
    const id = await enqueue("CYCLE");
    const both = await Promise.all([bmc().commandStarted({ commandId: id }), bmc().commandStarted({ commandId: id })]);
    expect(both.filter(({ goAhead }) => goAhead)).toHaveLength(1);
    expect(both.filter(({ startedBefore }) => startedBefore)).toHaveLength(1);
    await bmc().commandDone({ commandId: id });
    expect(await bmc().commandStarted({ commandId: id })).toMatchObject({ goAhead: false, startedBefore: false });
    const other = await enqueue("RESET");
    const muc = bmc(await world.certify("metal-bmc", "muc"));
    expect(await muc.commandStarted({ commandId: other })).toMatchObject({ goAhead: false, startedBefore: false });
  });

  it("of another partition cannot be answered", async () => {
    const id = await enqueue("ON");
    const muc = bmc(await world.certify("metal-bmc", "muc"));
    await expect(muc.commandDone({ commandId: id })).rejects.toEqual(expect.objectContaining({ code: Code.NotFound }));
    expect(await row(id)).toMatchObject({ done: null });
  });
});

describe("reports", () => {
  it("create machines never seen, update known ones, and leave those of other partitions alone", async () => {
    const { db } = world.context;
    const [fresh, homeless, foreign] = [machineId(11), machineId(12), machineId(13)];
    await db.insertInto("partitions").values({ id: "muc" }).execute();
    await db.insertInto("machines").values({ id: homeless }).execute();
    await db.insertInto("machines").values({ id: foreign, partition_id: "muc" }).execute();
    const report = (id: string) => ({
      machineId: id,
      address: "10.0.0.9",
      powerState: "ON",
      indicatorLed: "LED-ON",
      biosVersion: "2.0",
      fru: { productSerial: "S" },
    });
    const ids = [fresh, homeless, foreign, M1.toUpperCase(), "no uuid"];
    const answer = await bmc().report({ partitionId: PARTITION, reports: ids.map(report) });
    expect(answer).toMatchObject({ created: [fresh], updated: [M1, homeless] });
    const machine = await db.selectFrom("machines").selectAll().where("id", "=", homeless).executeTakeFirstOrThrow();
    expect(machine).toMatchObject({
      partition_id: PARTITION,
      led_value: "LED-ON",
      bios: { version: "2.0" },
      ipmi: { address: "10.0.0.9:623", powerstate: "ON", fru: { product_serial: "S" } },
    });
    const known = await db.selectFrom("machines").select("ipmi").where("id", "=", M1).executeTakeFirstOrThrow();
    expect(known.ipmi).toMatchObject({ user: "metal" });
  });
});
