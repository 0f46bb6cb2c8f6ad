import { randomUUID } from "node:crypto";
import { isPreparing, isSilent, isWaiting } from "@metal-stack/sdk";
import { client } from "./client.ts";

const machines = await client.machine.list();
console.log(machines.length); // → 3

const network = await client.network.allocate({ name: "web", projectid: "project-b", partitionid: "sim" });
const networks = [{ networkid: network.id }];

// The machine that waits best, of a size. With a key the same request gets the same machine, however often it is sent.
const machine = await client.machine.allocate({
  projectid: "project-b",
  partitionid: "sim",
  sizeid: "sim-small",
  imageid: "debian-12.0",
  networks,
  "idempotency-key": randomUUID(),
});
await client.machine.waitFor(machine, "installed");

// This machine and no other, if nobody has it.
const [waiting] = (await client.machine.find({ partition_id: "sim" })).filter(isWaiting);
if (waiting) {
  const mine = await client.machine.allocateSpecific(waiting, {
    projectid: "project-b",
    imageid: "debian-12.0",
    networks,
  });
  await client.machine.waitFor(mine, "installed");
  await client.machine.free(mine);
}

await client.machine.update(machine, { description: "shop", tags: ["cluster=web"] });

const { doing } = await client.machine.why(machine.id);
console.log(doing);

const login = await client.machine.getConsolePassword(machine, { reason: "it does not boot" });
console.log(login.id === machine.id); // → true

// The disks that hold data are kept, the operating system is new.
await client.machine.reinstall(machine, { imageid: "debian-12.0.20261101" });
await client.machine.waitFor(machine, "installed");

const freed = await client.machine.free(machine);
// Its disks are being erased; an erase that does not come to its end is begun again.
await client.machine.retryErase(freed, { reason: "the disk was replaced" });

// Only what is in quarantine is let go without a proof.
const kept = await client.machine.overrideErase(freed, { reason: "shredded" }).catch((error: Error) => error);
console.log(kept instanceof Error && kept.message); // → not quarantined

await client.machine.waitFor(freed, "waiting");
await client.network.free(network.id);

const [record] = await client.machine.listEraseRecords(freed.id);
const keys = await client.machine.listEraseRecordKeys();
console.log(keys.some(({ id }) => id === record!.keyid)); // → true

// Locked: neither allocated nor freed. An empty value lets it go again.
await client.machine.setState(machine.id, { value: "LOCKED", description: "evidence" });
const locked = await client.machine.get(machine.id);
console.log(isPreparing(locked)); // → true
await client.machine.setState(machine.id, { value: "" });

// What metal-bmc reports of a server that was racked, and is not switched on.
const racked = "5ea00000-0000-4000-8000-00000000beef";
await client.machine.ipmiReport({
  partitionid: "sim",
  reports: { [racked]: { BMCIp: "192.0.2.9", PowerState: "OFF" } },
});

// It is silent: the API forgets it.
const silent = await client.machine.get(racked);
if (isSilent(silent)) await client.machine.delete(silent);

// The password of its BMC is kept, in case it comes back; unless it was given none, as this one.
const forgotten = await client.machine.forgetBmcLogin(racked).catch((error: Error) => error.message);
console.log(forgotten); // → 5ea00000-0000-4000-8000-00000000beef
