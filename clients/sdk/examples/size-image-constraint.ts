import { client } from "./client.ts";

const constraint = await client.sizeImageConstraint.create({
  id: "sim-small",
  constraints: { images: { debian: ">= 12.0.20261101" } },
});
console.log(constraint.id); // → sim-small

console.log((await client.sizeImageConstraint.list()).length); // → 1

const { constraints } = await client.sizeImageConstraint.get("sim-small");
await client.sizeImageConstraint.update({ id: "sim-small", constraints, description: "older ones lack a driver" });

// Refused with 422 when machines of this size cannot have that image.
await client.sizeImageConstraint.try({ size: "sim-small", image: "debian-12.0.20261108" });

await client.sizeImageConstraint.delete("sim-small");
