import { isWaiting } from "@metal-stack/sdk";
import { client } from "./client.ts";

const [debian] = await client.image.list();
await client.image.create({ id: "debian-14.0.20261201", url: debian!.url!, features: ["firewall"] });
await client.network.create({
  id: "underlay",
  partitionid: "sim",
  prefixes: ["10.250.0.0/24"],
  destinationprefixes: [],
  nat: false,
  privatesuper: false,
  underlay: true,
});
const { id: networkid } = await client.network.allocate({ name: "dmz", projectid: "project-b", partitionid: "sim" });
const order = {
  projectid: "project-b",
  imageid: "debian-14.0",
  networks: [{ networkid }, { networkid: "internet" }],
};

const firewall = await client.firewall.allocate({ ...order, partitionid: "sim", sizeid: "sim-small" });

const [waiting] = (await client.machine.find({ partition_id: "sim" })).filter(isWaiting);
const second = await client.firewall.allocateSpecific(waiting!, order);

console.log((await client.firewall.list()).length); // → 2
console.log((await client.firewall.find({ allocation_project: "project-b" })).length); // → 2
console.log((await client.firewall.get(firewall.id)).allocation?.role); // → firewall

// A firewall is a machine, and given back as one.
for (const machine of [firewall, second]) {
  await client.machine.free(machine);
  await client.machine.waitFor(machine, "waiting");
}
await client.network.free(networkid);
await client.network.delete("underlay");
await client.image.delete("debian-14.0.20261201");
