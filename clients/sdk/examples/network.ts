import { client } from "./client.ts";

// An operator's network, of which everything is said.
const created = await client.network.create({
  id: "storage",
  name: "storage",
  partitionid: "sim",
  prefixes: ["198.51.100.0/24"],
  destinationprefixes: [],
  nat: false,
  privatesuper: false,
  underlay: false,
});
console.log(created.prefixes); // → 198.51.100.0/24

console.log((await client.network.list()).length);

const network = await client.network.get("storage");
await client.network.update({ id: network.id, description: "all disks behind" });

await client.network.delete("storage");

// A project's own, out of the partition's.
const own = await client.network.allocate({ name: "backend", projectid: "project-b", partitionid: "sim" });
console.log(own.prefixes.length); // → 1

const found = await client.network.find({ projectid: "project-b", name: "backend" });
for (const { id } of found) await client.network.free(id);

// As older clients free one.
const another = await client.network.allocate({ name: "another", projectid: "project-b", partitionid: "sim" });
await client.network.freeDeprecated(another.id);
