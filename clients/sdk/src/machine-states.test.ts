// What must compile, and what must not: tsc reads this file as well, and fails where an expected error is missing.
// Copies are made on purpose: that they lose the state is what is tried.
/* oxlint-disable typescript/no-misused-spread */
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  type AllocatedMachine,
  type Client,
  type FirewallResponse,
  isAllocated,
  isInstalled,
  isInstalling,
  isPreparing,
  isSilent,
  isUnallocated,
  isWaiting,
  type MachineAllocation,
  type MachineResponse,
  type MachineState,
  type PreparingMachine,
  type SilentMachine,
  stateOf,
  type UnallocatedMachine,
  type WaitingMachine,
} from "./index.ts";

interface Wish {
  readonly allocation?: Partial<MachineAllocation>;
  readonly event?: string;
  readonly liveliness?: MachineResponse["liveliness"];
  readonly state?: MachineState["value"];
  readonly reasons?: string[];
}

function machine({ allocation, event, liveliness = "Alive", state = "", reasons = [] }: Wish): MachineResponse {
  const log = event === undefined ? [] : [{ event }];
  const said = { id: "m1", liveliness, events: { log }, state: { value: state }, reasons };
  const rest = { ...said, ...(allocation && { allocation }) };
  return rest as unknown as MachineResponse;
}

describe("the state of a machine", () => {
  it.each<[string, Wish, string]>([
    ["waits", { event: "Waiting" }, "waiting"],
    ["boots", { event: "PXE Booting" }, "preparing"],
    ["was never heard", { liveliness: "" }, "preparing"],
    ["waited, and is silent now", { event: "Waiting", liveliness: "Dead" }, "preparing"],
    ["waits, and is locked", { event: "Waiting", state: "LOCKED" }, "preparing"],
    ["waits, and is reserved", { event: "Waiting", state: "RESERVED", reasons: ["reserved"] }, "waiting"],
    ["waited, and does not ask just now", { event: "Waiting", reasons: ["not waiting for instructions"] }, "preparing"],
    ["was just allocated", { event: "Waiting", allocation: { succeeded: false } }, "installing"],
    ["is in use", { event: "Phoned Home", allocation: { succeeded: true } }, "installed"],
  ])("of one that %s", (_, wish, state) => {
    const one = machine(wish);
    expect(stateOf(one)).toEqual({ state, machine: one });
    const allocated = state.startsWith("install");
    expect([isAllocated(one), isUnallocated(one)]).toEqual([allocated, !allocated]);
    expect([isPreparing(one), isWaiting(one), isInstalling(one), isInstalled(one)]).toEqual(
      ["preparing", "waiting", "installing", "installed"].map((name) => name === state),
    );
    expect(isSilent(one)).toBe(state === "preparing" && one.liveliness !== "Alive");
  });

  it("narrows the machine", () => {
    const one = machine({ event: "Waiting" });
    if (isWaiting(one)) {
      expectTypeOf(one).toExtend<WaitingMachine>();
      expectTypeOf(one).toExtend<UnallocatedMachine>();
      expectTypeOf(one).not.toExtend<AllocatedMachine>();
      expectTypeOf(one.events.log[0].event).toEqualTypeOf<"Waiting">();
    }
    if (isAllocated(one)) expectTypeOf(one.allocation).toEqualTypeOf<MachineAllocation>();
    const seen = stateOf(one);
    if (seen.state === "installed") expectTypeOf(seen.machine.allocation.succeeded).toEqualTypeOf<true>();
    if (seen.state === "installing") expectTypeOf(seen.machine.allocation.succeeded).toEqualTypeOf<false>();
    expectTypeOf<MachineResponse>().not.toExtend<WaitingMachine>();
    expectTypeOf<MachineResponse>().not.toExtend<AllocatedMachine>();
    expectTypeOf<MachineResponse>().not.toExtend<UnallocatedMachine>();
  });
});

/** Never called: only its types are tried. */
export async function whatCompiles(client: Client, any: MachineResponse, firewall: FirewallResponse): Promise<void> {
  const order = { projectid: "p", imageid: "debian" };
  // @ts-expect-error a machine of unknown state is not freed
  await client.machine.free(any);
  // @ts-expect-error nor is an id, which says nothing of the state
  await client.machine.free(any.id);
  // @ts-expect-error nothing is known of it either
  await client.machine.reinstall(any, { imageid: "debian" });
  // @ts-expect-error it may be nobody's
  await client.machine.getConsolePassword(any, { reason: "stuck" });
  // @ts-expect-error it may be somebody's
  await client.machine.allocateSpecific(any, order);
  // @ts-expect-error it may be somebody's
  await client.machine.delete(any);
  // @ts-expect-error a firewall is a machine, and known as little
  await client.machine.free(firewall);
  // @ts-expect-error which machine is said by allocateSpecific, which wants a waiting one
  await client.machine.allocate({ ...order, partitionid: "f", sizeid: "s", uuid: any.id });
  // @ts-expect-error without partition and size there is no machine to choose
  await client.machine.allocate(order);

  if (isWaiting(any)) {
    expectTypeOf(await client.machine.allocateSpecific(any, order)).toEqualTypeOf<AllocatedMachine>();
    expectTypeOf(await client.firewall.allocateSpecific(any, order)).toExtend<FirewallResponse>();
    // @ts-expect-error it answers, and the API forgets only what does not
    await client.machine.delete(any);
    // @ts-expect-error it waits because its disks are proven to be erased
    await client.machine.retryErase(any);
    // @ts-expect-error nobody has it, and what is changed is the allocation
    await client.machine.update(any, { description: "mine" });
    // @ts-expect-error nobody has it
    await client.machine.free(any);
    // @ts-expect-error nobody has it
    await client.machine.reinstall(any, { imageid: "debian" });
  }
  if (isAllocated(any)) {
    expectTypeOf(await client.machine.free(any)).toEqualTypeOf<PreparingMachine>();
    await client.machine.update(any, { description: "mine" });
    // @ts-expect-error which machine is said once
    await client.machine.update(any, { id: "m2", description: "mine" });
    await client.machine.reinstall(any, { imageid: "debian" });
    await client.machine.getConsolePassword(any, { reason: "stuck" });
    // @ts-expect-error a console password is not read without a reason
    await client.machine.getConsolePassword(any, {});
    // @ts-expect-error what is to be installed must be said
    await client.machine.reinstall(any, {});
    // @ts-expect-error somebody has it
    await client.machine.allocateSpecific(any, order);
    // @ts-expect-error somebody has it: its disks are not erased again
    await client.machine.retryErase(any);
    // @ts-expect-error somebody has it
    await client.machine.delete(any);
  }
  if (isPreparing(any)) {
    await client.machine.retryErase(any);
    await client.machine.overrideErase(any, { reason: "seen by eye" });
    // @ts-expect-error it may be alive
    await client.machine.delete(any);
  }
  if (isSilent(any)) await client.machine.delete(any);
  // @ts-expect-error nothing is known of it, not even that it has a tenant
  await client.machine.update(any, { description: "mine" });
  const seen = stateOf(any);
  if (seen.state === "installed") await client.machine.free(seen.machine);
  // @ts-expect-error a machine that prepares does not wait
  if (seen.state === "preparing") await client.machine.allocateSpecific(seen.machine, order);
  if (isAllocated(firewall)) await client.machine.free(firewall);

  // What was allocated can be freed, nobody has to look at it again.
  await client.machine.free(await client.machine.allocate({ ...order, partitionid: "f", sizeid: "s" }));
  expectTypeOf(await client.machine.waitFor("m1", "silent")).toEqualTypeOf<SilentMachine>();
  expectTypeOf(await client.machine.waitFor("m1", "waiting")).toEqualTypeOf<WaitingMachine>();
  expectTypeOf(await client.machine.waitFor(any, "allocated")).toEqualTypeOf<AllocatedMachine>();
  // @ts-expect-error there is no such state
  await client.machine.waitFor("m1", "on fire");
}

/** Never called. A state is had by asking, not by writing it down. */
export async function whatIsNotForged(client: Client, any: MachineResponse, waiting: WaitingMachine): Promise<void> {
  const order = { projectid: "p", imageid: "debian" };
  const { allocation: _, ...rest } = any;
  // @ts-expect-error leaving out who has it does not make it nobody's
  const nobodys: UnallocatedMachine = rest;
  if (any.allocation) {
    const { allocation } = any;
    // @ts-expect-error nor does a look at one field by hand say all that isAllocated says
    await client.machine.free({ ...any, allocation });
  }
  // @ts-expect-error a copy is another machine, whatever is written into it
  await client.machine.allocateSpecific({ ...waiting, id: "m2" }, order);
  // @ts-expect-error also when nothing is
  await client.machine.allocateSpecific({ ...waiting }, order);
  // @ts-expect-error an object that looks like one is none
  await client.machine.free({ id: "m1", allocation: { succeeded: true } });
  // @ts-expect-error what is seen cannot be said
  const seen: WaitingMachine = { ...waiting, seen: { unallocated: true, waiting: true } };
  // @ts-expect-error one state is not another
  const allocated: AllocatedMachine = waiting;
  // @ts-expect-error the marker is not there to be read: it does not exist
  return void [nobodys, seen, allocated, waiting.seen];
}

/** Never called. */
export async function whatOtherCallsTake(client: Client): Promise<void> {
  expectTypeOf(await client.firmware.remove("bios", "acme", "x11", "1.0")).toEqualTypeOf<void>();
  // @ts-expect-error what is not in the document is a mistake
  await client.machine.find({ size: "s" });
  // @ts-expect-error a state is one of three
  await client.machine.setState("m1", { value: "BROKEN" });
  await client.machine.setState("m1", { value: "LOCKED", description: "evidence" });
  // @ts-expect-error a size has an id
  await client.size.create({ name: "small", constraints: [] });
  // @ts-expect-error force is no text
  await client.switch.delete("leaf01", { force: "yes" });
  await client.switch.delete("leaf01", {}, { timeout: 1_000 });
}
