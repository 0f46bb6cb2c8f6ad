// What an operator registers, as small as a region of machines without disks allows.
import type { Client } from "@metal-stack/sdk";
import { PARTITION } from "../region/servers.ts";
import { ADDRESSES } from "../region/services.ts";

const FILES = `http://${ADDRESSES.boot}:${ADDRESSES.filesPort}/files`;
const GIB = 2 ** 30;
export const SIZE = "strangers-size";
const PROJECT = "project-a";
const IMAGE = "debian-12.0.20260101";

export interface Seeded {
  readonly project: string;
  readonly network: string;
  readonly image: string;
}

export async function seed(api: Client): Promise<Seeded> {
  const entries: readonly [string, unknown][] = [
    ["/v1/tenant", { meta: { id: "tenant-a" }, name: "tenant-a" }],
    ["/v1/project", { meta: { id: PROJECT }, name: PROJECT, tenant_id: "tenant-a" }],
    [
      "/v1/partition",
      {
        id: PARTITION,
        name: PARTITION,
        bootconfig: { kernelurl: `${FILES}/kernel`, imageurl: `${FILES}/initrd`, commandline: "quiet" },
      },
    ],
    [
      "/v1/size",
      {
        id: SIZE,
        constraints: [
          { type: "cores", min: 1, max: 1 },
          { type: "memory", min: GIB, max: GIB },
          { type: "storage", min: 2 * GIB, max: 2 * GIB },
        ],
      },
    ],
    [
      "/v1/image",
      {
        id: IMAGE,
        url: `${FILES}/image`,
        features: ["machine"],
        classification: "supported",
        sha256: "ab".repeat(32),
      },
    ],
    [
      "/v1/filesystemlayout",
      {
        id: "layout",
        filesystems: [{ path: "/", device: "/dev/vda1", format: "ext4", label: "root" }],
        disks: [
          {
            device: "/dev/vda",
            partitions: [{ number: 1, label: "root", size: 0, gpttype: "8300" }],
            wipeonreinstall: true,
          },
        ],
        constraints: { sizes: [SIZE], images: { debian: "*" } },
      },
    ],
    [
      "/v1/network",
      {
        id: "super",
        partitionid: PARTITION,
        privatesuper: true,
        prefixes: ["10.0.0.0/16"],
        destinationprefixes: [],
        defaultchildprefixlength: { IPv4: 22 },
        nat: false,
        underlay: false,
      },
    ],
  ];
  for (const [path, body] of entries) await api.put(path, body);
  const network = await api.post<{ id: string }>("/v1/network/allocate", {
    projectid: PROJECT,
    partitionid: PARTITION,
    name: "private",
  });
  return { project: PROJECT, network: network.id, image: IMAGE };
}
