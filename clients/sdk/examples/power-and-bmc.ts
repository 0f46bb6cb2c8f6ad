import { client } from "./client.ts";

const [machine] = await client.machine.list();
const { id } = machine!;

// Blink, so that somebody in the rack finds it.
await client.machine.chassisIdentifyLEDOn(id, { description: "replace its disk" });
await client.machine.chassisIdentifyLEDOff(id);

// What its BMC says of itself, and how to log in to it.
const { ipmi } = await client.machine.getIpmi(id);
console.log(ipmi.powerstate); // → ON
console.log((await client.machine.findIpmi({ partition_id: "sim" })).length); // → 3

await client.machine.off(id);
await client.machine.on(id);
await client.machine.reset(id);
await client.machine.cycle(id);

// What it boots next: network, disk or firmware set-up.
await client.machine.pxe(id);
await client.machine.disk(id);
await client.machine.bios(id);

// A new password for the BMC: metal-bmc sets it, and nobody has to know it.
await client.machine.rotateBmcPassword(id);

// Commands are jobs: they say how far they are.
for (const { kind, phase } of await client.machine.listJobs(id)) console.log(kind, phase);

// Problems of all machines that are worth to be looked at, and the kinds that there are.
for (const { machineid, issues } of await client.machine.issues({ partition_id: "sim" }))
  console.log(machineid, issues);
console.log((await client.machine.listIssues()).map((issue) => issue.id));
