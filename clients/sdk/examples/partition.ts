import { client } from "./client.ts";

const [first] = await client.partition.list();
const { bootconfig } = first!;
const created = await client.partition.create({ id: "fra", name: "Frankfurt", bootconfig });
console.log(created.name); // → Frankfurt

await client.partition.update({ id: "fra", description: "two racks" });
console.log((await client.partition.get("fra")).description); // → two racks

for (const { servers = [] } of await client.partition.capacity({ id: "sim" }))
  for (const { size, allocatable } of servers) console.log(size, allocatable); // → sim-small

await client.partition.delete("fra");
