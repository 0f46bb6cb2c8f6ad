// The password of a BMC over its life, with a BMC that a test holds in its hands: whoever dies when, metal-api always knows
// the password that works.
import { create } from "@bufbuild/protobuf";
import { type Client, Code } from "@connectrpc/connect";
import { agent, BootServiceRegisterRequestSchema } from "@metal-stack/protocol";
import { Secret } from "@metal-stack/service";
import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { registerMachine } from "../boot/register.ts";
import { startRelease } from "../release/commands.ts";
import {
  type AgentWorld,
  bootHammer,
  createAgentWorld,
  createPartition,
  type Credentials,
  machineId,
  PARTITION,
  registration,
} from "../testing/agents.ts";
import { expireBmcCommands } from "./commands.ts";
import { acceptLogin, loginsOf, loginsToTry, makeLogin, noteAppliedLogin, openLogin } from "./logins.ts";
import { advanceRotations, openRotation, rotateOnCommand, wantedLogin } from "./rotation.ts";
import { nextCommands } from "./stream.ts";
import { inOrderOfTrial, MAX_UNPROVEN, nextTry } from "./rules-logins.ts";

const MINUTE = 60_000;
let world: AgentWorld;
let metalBmc: Credentials;
let answers: Client<typeof agent.BmcService>;
let id: string;
let count = 0;
/** What the machine's BMC accepts. */
let password: string;

beforeAll(async () => {
  world = await createAgentWorld();
  await createPartition(world);
  metalBmc = await world.certify("metal-bmc", PARTITION);
  answers = world.client(agent.BmcService, metalBmc);
});
afterAll(() => world.close());
beforeEach(async () => {
  id = machineId(++count);
  password = "factory";
  const ipmi = JSON.stringify({ address: "10.0.0.1:623" }) as never;
  await world.context.db.insertInto("machines").values({ id, partition_id: PARTITION, ipmi }).execute();
});

const logins = () => loginsOf(world.context.db, id);
const known = async () => (await logins()).map((row) => openLogin(world.context.keyring, row).password.reveal());
const rotation = () => openRotation(world.context.db, id);
// What the services do when the hammer asks; that nobody else may is shown below.
async function wanted() {
  const { id: login, user, password } = await wantedLogin(world.context, id);
  return { id: login, user, password: password.reveal() };
}
const register = (login?: { user: string; password: string }) =>
  // Its cables are of no interest here.
  registerMachine(
    world.context,
    create(BootServiceRegisterRequestSchema, {
      ...registration(id),
      ipmi: { address: "10.0.0.1:623", user: "", password: "", ...login },
    }),
  ).catch(() => undefined);
const free = () =>
  world.context.db.transaction().execute((tx) => startRelease(tx, id, { requestedBy: "ann" }, world.context.clock()));
async function askForAnother() {
  const { db, clock } = world.context;
  const machine = await db.selectFrom("machines").selectAll().where("id", "=", id).executeTakeFirstOrThrow();
  await db.transaction().execute((tx) => rotateOnCommand(tx, machine, "ann", clock()));
}

/** A metal-bmc and the BMC behind it; answers the PASSWORD command that is due, as far as `fate` lets it. */
async function lan(fate: "good" | "silent" | "killed before" | "killed after" | "refuses" = "good"): Promise<void> {
  const { db, keyring } = world.context;
  await advanceRotations(world.context);
  for (const command of await nextCommands(db, PARTITION, [])) {
    if (command.machine_id !== id || command.command !== "PASSWORD") continue;
    if (fate === "killed before" || fate === "silent") continue;
    const offered = (await loginsToTry(db, [id])).get(id)!.map((row) => openLogin(keyring, row));
    const goal = offered.find((login) => login.id === command.login_id);
    if (fate === "refuses" || !goal || !offered.some((login) => login.password.reveal() === password)) {
      await answers.commandDone({ commandId: command.id, error: "the BMC refuses the user" });
      continue;
    }
    password = goal.password.reveal();
    if (fate === "good") await answers.commandDone({ commandId: command.id, loginId: goal.id });
  }
}

/** A machine whose BMC has a login of ours that was proven. */
async function ready(): Promise<void> {
  const first = await wanted();
  password = first.password;
  await register(first);
  await lan();
  expect(await rotation()).toBeUndefined();
}

describe("a machine's BMC", () => {
  it("gets a login of its own at the first boot; it counts when metal-bmc was let in with it", async () => {
    const first = await wanted();
    expect(first).toMatchObject({ user: "metal", password: expect.stringMatching(/^[A-Za-z0-9]{16}$/) });
    // The hammer dies before the BMC heard of it, boots again and asks again.
    expect(await wanted()).toEqual(first);
    password = first.password;
    await register(first);
    expect((await logins())[0]).toMatchObject({ accepted: null });
    await lan();
    expect(await logins()).toEqual([expect.objectContaining({ id: first.id, accepted: expect.any(Date) })]);
    expect(await rotation()).toBeUndefined();
    // From then on every boot brings the same one back, should somebody have reset the BMC.
    expect((await wanted()).password).toBe(first.password);
  });

  it("gets another password when the machine is given back, once the discovery image runs", async () => {
    await ready();
    const old = password;
    await free();
    // Not while the tenant's system may still run.
    await lan();
    expect([await known(), password]).toEqual([[old], old]);
    const fresh = await wanted();
    expect(fresh.password).not.toBe(old);
    expect(await known()).toEqual([fresh.password, old]);
    password = fresh.password;
    await register(fresh);
    await lan();
    expect(await known()).toEqual([fresh.password]);
    expect(await rotation()).toBeUndefined();
  });

  it("gets it over LAN when the machine cannot do it itself", async () => {
    await ready();
    const old = password;
    await free();
    await wanted();
    await register();
    await lan();
    expect(password).not.toBe(old);
    expect(await known()).toEqual([password]);
  });

  it("that refuses keeps its password; the reason is told and it is tried again, for ever", async () => {
    await ready();
    await free();
    await register();
    for (let attempt = 1; attempt <= 7; attempt += 1) {
      await lan("refuses");
      expect(await rotation()).toMatchObject({ attempts: attempt, last_error: "the BMC refuses the user" });
      expect(await known()).toContain(password);
      world.pass(61 * MINUTE);
    }
    await lan();
    expect(await known()).toEqual([password]);
  });

  it("that nobody reaches is tried again, and says so", async () => {
    await ready();
    await free();
    await register();
    await lan("silent");
    await world.context.db
      .updateTable("bmc_commands")
      .set({ expires: new Date(0) })
      .where("done", "is", null)
      .execute();
    await expireBmcCommands(world.context.db);
    world.pass(11 * MINUTE);
    await lan("silent");
    expect(await rotation()).toMatchObject({
      attempts: 2,
      last_error: expect.stringContaining("did not answer in time"),
    });
  });

  it("gets another one when an operator asks, and only one while that is under way", async () => {
    await ready();
    const old = password;
    await askForAnother();
    await lan("killed after");
    await askForAnother();
    world.pass(11 * MINUTE);
    await lan();
    expect(password).not.toBe(old);
    expect(await known()).toEqual([password]);
  });

  it("does not take a login for the new one that is older than the wish for it", async () => {
    await ready();
    const old = { user: "metal", password };
    await free();
    await register(old);
    const open = await rotation();
    expect(open).toMatchObject({ login_id: null });
    await lan();
    expect(password).not.toBe(old.password);
  });

  it("of the original's hammer, which makes passwords itself, is taken at its word and proven", async () => {
    await ready();
    password = "made-by-hammer";
    await register({ user: "root", password });
    await lan();
    expect(await logins()).toEqual([expect.objectContaining({ user_name: "root", accepted: expect.any(Date) })]);
    expect(await known()).toEqual(["made-by-hammer"]);
  });

  it("has its password told to nobody else", async () => {
    const own = await bootHammer(world, id);
    const ask = async (who?: Credentials) => world.client(agent.BmcLoginService, who).wanted({ machineId: id });
    expect((await ask(own.credentials)).login).toMatchObject({ user: "metal" });
    const other = await bootHammer(world, machineId(997));
    await expect(ask(other.credentials)).rejects.toMatchObject({ code: Code.PermissionDenied });
    await expect(ask(metalBmc)).rejects.toMatchObject({ code: Code.PermissionDenied });
    await expect(ask()).rejects.toMatchObject({ code: Code.Unauthenticated });
    // Nor to itself, once it was given back.
    await free();
    await expect(ask(own.credentials)).rejects.toMatchObject({ code: Code.Unauthenticated });
  });
});

describe("whoever dies when", () => {
  const step = fc.constantFrom(
    "free",
    "ask",
    "boots and dies before the BMC",
    "boots and dies after the BMC",
    "boots",
    "boots without a BMC device",
    "lan good",
    "lan silent",
    "lan killed before",
    "lan killed after",
    "lan refuses",
    "an hour passes",
  );

  it(
    "the password that works is among those that metal-api knows, and in the end there is one",
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
          await world.context.db.deleteFrom("bmc_commands").execute();
          id = machineId(++count);
          const ipmi = JSON.stringify({ address: "10.0.0.1:623" }) as never;
          await world.context.db.insertInto("machines").values({ id, partition_id: PARTITION, ipmi }).execute();
          await ready();
          for (const step of steps) {
            await act(step);
            expect(await known(), steps.join()).toContain(password);
            expect((await logins()).length).toBeLessThanOrEqual(MAX_UNPROVEN + 1);
          }
          // Everybody behaves again.
          await act("boots");
          await act("an hour passes");
          await act("lan good");
          expect(await known()).toEqual([password]);
          expect(await rotation()).toBeUndefined();
        }),
        { numRuns: 20 },
      );
    },
  );

  async function act(step: string): Promise<void> {
    if (step === "free") return free();
    if (step === "ask") return askForAnother();
    if (step === "an hour passes") return world.pass(61 * MINUTE);
    if (step.startsWith("lan ")) return lan(step.slice(4) as "good");
    const login = await wanted();
    if (step === "boots and dies before the BMC") return;
    if (step === "boots without a BMC device") return void (await register());
    password = login.password;
    if (step === "boots") await register(login);
  }
});

describe("logins", () => {
  it("are tried in the order in which they are likely to work", () => {
    const at = new Date();
    const row = (sequence: number, applied: Date | null, accepted: Date | null) => ({ sequence, applied, accepted });
    const [current, lost, set, later] = [row(1, at, at), row(2, null, null), row(3, at, null), row(4, null, null)];
    expect(inOrderOfTrial([current, lost, set, later])).toEqual([set, current, later, lost]);
  });

  it("that no BMC was seen to accept are few, and none of them is forgotten", async () => {
    const { db, keyring } = world.context;
    const made = [];
    for (let time = 0; time < 6; time += 1) made.push(await makeLogin(db, keyring, id));
    expect(new Set(made).size).toBe(MAX_UNPROVEN);
    await noteAppliedLogin(db, keyring, id, "root", new Secret("its-own"));
    expect((await logins()).length).toBe(MAX_UNPROVEN);
    expect(await acceptLogin(db, machineId(998), made[0]!)).toBe(false);
  });

  it("are changed with growing pauses", () => {
    const now = new Date(0);
    expect([1, 2, 3, 4, 5, 99].map((attempts) => nextTry(attempts, now).getTime() / MINUTE)).toEqual([
      1, 5, 15, 30, 60, 60,
    ]);
  });
});
