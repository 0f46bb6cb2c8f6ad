import { BootService, EventService } from "@metal-stack/protocol";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  type AgentWorld,
  allocate,
  bootHammer,
  createAgentWorld,
  createPartition,
  machineId,
  PARTITION,
  registration,
} from "../testing/agents.ts";
import { eventsOf } from "./store.ts";

const MINUTE_MS = 60_000;
const M1 = machineId(1);

let world: AgentWorld;
beforeAll(async () => {
  world = await createAgentWorld();
  await createPartition(world);
});
afterAll(() => world.close());

it("an installed system counts as running once it phones home, also when its boot from the network had no answer", async () => {
  const { db } = world.context;
  const hammer = await bootHammer(world, M1);
  await hammer.boot.register(registration(M1));
  await allocate(world, M1);
  await hammer.boot.report({ uuid: M1, bootInfo: { kernel: "/vmlinuz" }, success: true });
  // Asks to boot, and turns to its disk because nobody tells it what: metal-api died in between.
  const pixiecore = await world.certify("pixiecore", PARTITION);
  await world.client(BootService, pixiecore).dhcp({ uuid: M1, partitionId: PARTITION });
  const leaf = world.client(EventService, await world.certify("metal-core", "leaf01"));
  const phoneHome = () => leaf.send({ events: { [M1]: { event: "Phoned Home" } } });
  const succeeded = async () =>
    (await db.selectFrom("allocations").select("succeeded").executeTakeFirstOrThrow()).succeeded;

  // May be of the system before, and late.
  await phoneHome();
  expect(await succeeded()).toBe(false);
  world.pass(6 * MINUTE_MS);
  await phoneHome();
  expect(await succeeded()).toBe(true);
  // In the log a network boot stays what it is, as with the original.
  expect((await eventsOf(db, [M1])).get(M1)!.events[0]!.event).toBe("PXE Booting");
});
