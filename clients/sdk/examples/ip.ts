import { client } from "./client.ts";

const address = await client.ip.allocate({
  projectid: "project-b",
  networkid: "internet",
  type: "static",
  name: "www",
});
console.log(address.type); // → static

const wanted = { projectid: "project-b", networkid: "internet", type: "ephemeral" } as const;
const chosen = await client.ip.allocateSpecific("203.0.113.60", wanted);
console.log(chosen.ipaddress); // → 203.0.113.60

console.log((await client.ip.list()).length);

const found = await client.ip.find({ projectid: "project-b", networkid: "internet" });
console.log(found.length); // → 2

// An ephemeral address goes with its machine, a static one stays.
const { ipaddress } = await client.ip.get("203.0.113.60");
await client.ip.update({ ipaddress, type: "static", tags: ["cluster=web"] });

for (const { ipaddress: id } of found) await client.ip.free(id);
