import { client } from "./client.ts";

const [known] = await client.image.list();
const image = await client.image.create({
  id: "debian-13.0.20261201",
  url: known!.url!,
  features: ["machine"],
  classification: "preview",
});
console.log(image.classification); // → preview

const supported = await client.image.find({ classification: "supported", "show-usage": true });
for (const { id, usedby } of supported) console.log(id, usedby);

const { expirationDate } = await client.image.get("debian-13.0.20261201");
console.log(expirationDate);

await client.image.update({ id: "debian-13.0.20261201", classification: "supported" });

// All patches of a version, and the newest that a machine would get.
console.log((await client.image.query("debian-12.0")).map(({ id }) => id)); // → debian-12.0.20261101
console.log((await client.image.findLatest("debian-12.0")).id); // → debian-12.0.20261108

await client.image.delete("debian-13.0.20261201");
