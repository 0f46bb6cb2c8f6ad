import { client } from "./client.ts";

const created = await client.filesystemLayout.create({
  id: "tiny",
  constraints: { sizes: ["tiny-size"], images: { debian: ">= 12" } },
  disks: [{ device: "/dev/sda", wipeonreinstall: true, partitions: [{ number: 1, label: "root", size: 0 }] }],
  filesystems: [{ path: "/", device: "/dev/sda1", format: "ext4", label: "root" }],
});
console.log(created.disks?.length); // → 1

const layouts = await client.filesystemLayout.list();
console.log(layouts.map(({ id }) => id)); // → tiny

const layout = await client.filesystemLayout.get("tiny");
await client.filesystemLayout.update({ ...layout, description: "one file system for everything" });

// Which layout a machine of this size would get with this image.
const chosen = await client.filesystemLayout.try({ size: "sim-small", image: "debian-12.0.20261108" });
console.log(chosen.id); // → sim

// Whether the disks of this machine are large enough for that layout.
const [machine] = await client.machine.list();
const fits = await client.filesystemLayout.match({ machine: machine!.id, filesystemlayout: "sim" });
console.log(fits.id); // → sim

await client.filesystemLayout.delete("tiny");
