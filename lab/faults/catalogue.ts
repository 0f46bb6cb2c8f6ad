// What an operator registers before the first simulated machine is racked.
import type { Client } from "@metal-stack/sdk";

export const PARTITION = "sim";
export const SIZE = "sim-small";
export const PROJECTS = ["project-a", "project-b"] as const;
export const IMAGES = ["debian-12.0.20261101", "debian-12.0.20261108"] as const;
/** What tenants ask for first: the newest of this. */
export const OS = "debian-12.0";
export const INTERNET = "internet";
const GIB = 2 ** 30;

/** @param filesUrl where anything that is asked for exists */
export async function seed(api: Client, filesUrl: string): Promise<void> {
  await api.put("/v1/tenant", { meta: { id: "acme" }, name: "acme" });
  for (const id of PROJECTS) await api.put("/v1/project", { meta: { id }, name: id, tenant_id: "acme" });
  await api.put("/v1/partition", {
    id: PARTITION,
    name: PARTITION,
    bootconfig: { kernelurl: `${filesUrl}/kernel`, imageurl: `${filesUrl}/initrd`, commandline: "console=ttyS0" },
  });
  await api.put("/v1/size", {
    id: SIZE,
    constraints: [
      { type: "cores", min: 1, max: 4 },
      { type: "memory", min: GIB, max: 4 * GIB },
      { type: "storage", min: GIB, max: 64 * GIB },
    ],
  });
  for (const id of IMAGES) {
    await api.put("/v1/image", {
      id,
      name: "Debian 12",
      url: `${filesUrl}/${id}.tar.zst`,
      features: ["machine"],
      classification: "supported",
      sha256: "ab".repeat(32),
    });
  }
  await api.put("/v1/filesystemlayout", {
    id: "sim",
    constraints: { sizes: [SIZE], images: { debian: "*" } },
    disks: [
      {
        device: "/dev/vda",
        wipeonreinstall: true,
        partitions: [{ number: 1, label: "root", size: 0, gpttype: "8300" }],
      },
    ],
    filesystems: [{ path: "/", device: "/dev/vda1", format: "ext4", label: "root" }],
  });
  await api.put("/v1/network", {
    id: "super",
    partitionid: PARTITION,
    privatesuper: true,
    prefixes: ["10.0.0.0/16"],
    destinationprefixes: [],
    defaultchildprefixlength: { IPv4: 24 },
    nat: false,
    underlay: false,
  });
  await api.put("/v1/network", {
    id: INTERNET,
    prefixes: ["203.0.113.0/26"],
    destinationprefixes: ["0.0.0.0/0"],
    vrf: 104009,
    nat: true,
    privatesuper: false,
    underlay: false,
  });
}
