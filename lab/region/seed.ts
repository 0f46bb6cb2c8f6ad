// What an operator registers before the first server is racked: tenant, projects, partition, size, image, layout, networks.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Client, MetalError } from "@metal-stack/sdk";
import { CACHE } from "../setup/artefacts.ts";
import { PARTITION } from "./servers.ts";

export const SIZE = "v1-small-x86";
/** Of machine/os-images/layouts.json: the disk that both servers boot from. */
const LAYOUT = "lab-vda";
export const TENANT = "metal-stack";
export const PROJECTS = ["project-a", "project-b"] as const;

export interface OsImage {
  readonly id: string;
  readonly file: string;
  readonly sha256: string;
}

/** The OS image that machine/os-images built last. */
export function builtOsImage(): OsImage {
  const file = "debian-12.tar.zst";
  const meta = JSON.parse(readFileSync(join(CACHE, "os-images", `${file}.json`), "utf8")) as {
    id: string;
    sha256: string;
  };
  return { ...meta, file };
}

const GIB = 1024 ** 3;

/** Registers everything; entities that are there already stay as they are (a region may be seeded twice). */
export async function seed(
  api: Client,
  urls: { files: string; images: string },
  report: (what: string) => void,
): Promise<void> {
  const image = builtOsImage();
  const layouts = JSON.parse(readFileSync("machine/os-images/layouts.json", "utf8")) as { id: string }[];
  const layout = layouts.find(({ id }) => id === LAYOUT);
  const steps: readonly [string, string, unknown][] = [
    ["tenant", "/v1/tenant", { meta: { id: TENANT }, name: TENANT, description: "the provider" }],
    ...PROJECTS.map((id): [string, string, unknown] => [
      `project ${id}`,
      "/v1/project",
      { meta: { id }, name: id, tenant_id: TENANT },
    ]),
    [
      "partition",
      "/v1/partition",
      {
        id: PARTITION,
        name: PARTITION,
        description: "two leaves, two servers",
        bootconfig: {
          kernelurl: `${urls.files}/metal-kernel`,
          imageurl: `${urls.files}/metal-hammer-initrd.img.zst`,
          commandline: "console=ttyS0,115200",
        },
      },
    ],
    [
      "size",
      "/v1/size",
      {
        id: SIZE,
        constraints: [
          { type: "cores", min: 1, max: 4 },
          { type: "memory", min: GIB / 2, max: 4 * GIB },
          { type: "storage", min: GIB, max: 64 * GIB },
        ],
      },
    ],
    [
      "image",
      "/v1/image",
      {
        id: image.id,
        name: "Debian 12",
        url: `${urls.images}/${image.file}`,
        features: ["machine"],
        classification: "supported",
        sha256: image.sha256,
      },
    ],
    [
      "filesystem layout",
      "/v1/filesystemlayout",
      { ...layout, constraints: { sizes: [SIZE], images: { debian: "*" } } },
    ],
    [
      "super network",
      "/v1/network",
      {
        id: "tenant-super-network",
        name: "tenant super network",
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
  for (const [name, path, body] of steps) {
    report(name);
    await api.put(path, body).catch((error: unknown) => {
      if (!(error instanceof MetalError && error.status === 409))
        throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
    });
  }
}
