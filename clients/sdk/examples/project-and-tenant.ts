import { client } from "./client.ts";

const tenant = await client.tenant.create({ meta: { id: "initech" }, name: "Initech" });
console.log(tenant.name); // → Initech

const project = await client.project.create({ name: "reports", tenant_id: "initech" });
const id = project.meta!.id!;

console.log((await client.tenant.list()).length, (await client.project.list()).length);
console.log((await client.tenant.find({ name: "Initech" })).length); // → 1
console.log((await client.project.find({ tenant_id: "initech" })).length); // → 1

// What is updated is what was read: when somebody else was faster, the version in `meta` tells, and the answer is 412 or 409.
const seen = await client.tenant.get("initech");
await client.tenant.update({ ...seen, description: "since 1999" });
const before = await client.project.get(id);
await client.project.update({ ...before, description: "with covers" });

await client.project.delete(id);
await client.tenant.delete("initech");
