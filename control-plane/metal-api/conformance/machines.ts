// Simulated machines that go the real way: they boot, register, are erased, wait, are installed and phone home.
import { agent, EventService } from "@metal-stack/protocol";
import {
  type AgentWorld,
  bootHammer,
  erasedDisk,
  type HammerClients,
  instructionsOf,
  registration,
} from "../testing/agents.ts";

export interface SimulatedMachine {
  readonly hammer: HammerClients;
  readonly told: ReturnType<typeof instructionsOf>;
}

const send = (hammer: HammerClients, event: string) => hammer.events.send({ events: { [hammer.id]: { event } } });

/** From power-on to where an allocation can have it; its instructions stay open until `told.stop()`. */
export async function waitingMachine(world: AgentWorld, id: string, port: number): Promise<SimulatedMachine> {
  const hammer = await bootHammer(world, id);
  await send(hammer, "Preparing");
  await send(hammer, "Registering");
  await hammer.boot.register(registration(id, port));
  const told = instructionsOf(hammer);
  const { jobId } = (await told.until("erase")).value as agent.Erase;
  await hammer.hammer.reportErase({ machineId: id, jobId, disks: [erasedDisk] });
  await told.until("wait");
  await send(hammer, "Waiting");
  return { hammer, told };
}

/** What an allocated machine does until its tenant's system runs. */
export async function install(world: AgentWorld, { hammer, told }: SimulatedMachine, password: string): Promise<void> {
  await told.until("install");
  await send(hammer, "Installing");
  const bootInfo = {
    kernel: "/boot/vmlinuz",
    initrd: "/boot/initrd",
    cmdline: "console=ttyS0",
    bootloaderId: "debian",
  };
  await hammer.boot.report({ uuid: hammer.id, consolePassword: password, bootInfo, success: true });
  await send(hammer, "Booting New Kernel");
  told.stop();
  const core = world.client(EventService, await world.certify("metal-core", "leaf01"));
  await core.send({ events: { [hammer.id]: { event: "Phoned Home" } } });
}
