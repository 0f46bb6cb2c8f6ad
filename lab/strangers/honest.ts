// What must be so before every attack, and still after it.
import assert from "node:assert/strict";
import type { JsonObject } from "@bufbuild/protobuf";
import { SIZE } from "./seed.ts";
import { PARTITION } from "../region/servers.ts";
import type { Stage } from "./stage.ts";
import { until } from "./until.ts";

interface RestMachine {
  readonly id: string;
  readonly allocation?: { readonly hostname: string; readonly succeeded: boolean };
  readonly events: { readonly log: { readonly event: string }[] };
}

/** The victim waits; the tenant's machine is installed and in its network, but has not phoned home. */
export async function prepare(stage: Stage): Promise<void> {
  const { victim, tenant, api, seeded } = stage;
  await victim.boot();
  await tenant.boot();
  await until("the tenant's machine is allocated", () =>
    api.post("/v1/machine/allocate", {
      uuid: tenant.uuid,
      name: "tenant",
      hostname: "tenant",
      projectid: seeded.project,
      partitionid: PARTITION,
      sizeid: SIZE,
      imageid: seeded.image,
      networks: [{ networkid: seeded.network, autoacquire: true }],
    }),
  );
  await tenant.ok("api.v1.BootService/Report", {
    uuid: tenant.uuid,
    consolePassword: "canary-console-password",
    success: true,
    bootInfo: { imageId: seeded.image, kernel: "/boot/vmlinuz", initrd: "/boot/initrd", cmdline: "root=/dev/vda1" },
  });
  await until("its ports are in the tenant's network", async () => {
    for (const vrf of await vrfsOf(stage, tenant.port)) assert.match(vrf, /^vrf\d+$/);
  });
}

/** The wanted network of this port on both leaves. */
async function vrfsOf({ api }: Stage, port: string): Promise<string[]> {
  const leaves = await api.get<{ nics: { name: string; vrf: string }[] }[]>("/v1/switch");
  return leaves.map(({ nics }) => nics.find((nic) => nic.name === port)!.vrf);
}

/**
 * Nobody has installed, wiped, moved or vouched for anybody else, and the victim boots as ever.
 */
export async function stillAsItWas(stage: Stage): Promise<void> {
  const { api, victim, tenant } = stage;
  const installed = await api.get<RestMachine>(`/v1/machine/${tenant.uuid}`);
  assert.equal(installed.allocation?.hostname, "tenant", "the tenant's machine is still the tenant's");
  assert.equal(installed.allocation?.succeeded, false, "it never phoned home, and nobody did so in its place");
  assert.ok(!installed.events.log.some(({ event }) => event === "Phoned Home"), "nobody phoned home in its place");
  for (const vrf of await vrfsOf(stage, tenant.port)) assert.match(vrf, /^vrf\d+$/, "it is in its network");

  const told = await victim.boot();
  assert.deepEqual(Object.keys(told), ["wait"], "the victim boots, and is told to wait");
  assert.equal((told["wait"] as JsonObject)["allocatable"], true, "the victim is in the pool");
  const waiting = await api.get<RestMachine>(`/v1/machine/${victim.uuid}`);
  assert.equal(waiting.allocation, undefined, "the victim has no tenant");
}
