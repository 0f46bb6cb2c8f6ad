// What the original's metalctl can make from a file, one row a noun.
import { PROJECT } from "./story/row.ts";

export interface Noun {
  readonly command: readonly string[];
  readonly id: string;
  /** Response-shaped, as `describe -o yaml` prints it. */
  readonly document: object;
  /** What changes it, laid over the document. */
  readonly changed?: object;
  /** For `list -o template`: where the id is. */
  readonly idTemplate?: string;
  /** What its table shows of it. */
  readonly shown?: string;
  /** Where it is stored; none: in masterdata. */
  readonly table?: "partitions" | "sizes" | "images" | "filesystem_layouts" | "networks" | "ips";
}

const DESCRIBED = { description: "changed by apply" };

/** In an order in which each finds what it needs. @param files base URL of a server that has every file */
export const nouns = (files: string): Noun[] =>
  [
    {
      command: ["tenant"],
      id: "acme",
      document: { meta: { id: "acme", kind: "Tenant", apiversion: "v1" }, name: "Acme" },
      idTemplate: "{{ .meta.id }}",
    },
    {
      command: ["project"],
      id: PROJECT,
      document: { meta: { id: PROJECT, kind: "Project", apiversion: "v1" }, name: "shop", tenant_id: "acme" },
      idTemplate: "{{ .meta.id }}",
    },
    {
      command: ["partition"],
      id: "muc",
      document: {
        id: "muc",
        bootconfig: { imageurl: `${files}/initrd`, kernelurl: `${files}/kernel`, commandline: "" },
      },
      table: "partitions",
    },
    {
      command: ["size"],
      id: "big",
      document: { id: "big", constraints: [{ type: "cores", min: 64, max: 64 }] },
      table: "sizes",
    },
    {
      command: ["image"],
      id: "ubuntu-24.04.20260101",
      document: { id: "ubuntu-24.04.20260101", url: `${files}/ubuntu`, features: ["machine"] },
      table: "images",
    },
    {
      command: ["filesystemlayout"],
      id: "spare",
      document: {
        id: "spare",
        constraints: { sizes: ["big"], images: { ubuntu: "*" } },
        disks: [{ device: "/dev/vda", wipeonreinstall: true, partitions: [{ number: 1, size: 0, gpttype: "8300" }] }],
        filesystems: [{ path: "/", device: "/dev/vda1", format: "ext4", label: "root" }],
      },
      table: "filesystem_layouts",
    },
    {
      command: ["size", "reservation"],
      id: "seeds",
      document: { id: "seeds", sizeid: "v1-small", projectid: PROJECT, partitionids: ["fra"], amount: 1 },
    },
    {
      command: ["size", "imageconstraint"],
      id: "v1-small",
      document: { id: "v1-small", constraints: { images: { debian: ">= 12.0.20260101" } } },
    },
    {
      command: ["network"],
      id: "internet",
      document: {
        id: "internet",
        prefixes: ["203.0.113.0/24"],
        destinationprefixes: ["0.0.0.0/0"],
        nat: true,
        vrf: 104009,
        privatesuper: false,
        underlay: false,
      },
      table: "networks",
    },
    {
      command: ["network", "ip"],
      id: "203.0.113.9",
      document: { ipaddress: "203.0.113.9", networkid: "internet", projectid: PROJECT, type: "static", tags: ["a"] },
      idTemplate: "{{ .ipaddress }}",
      table: "ips",
    },
  ].map((noun) => ({ changed: DESCRIBED, ...noun }) as Noun);

export const FORMATS = ["table", "wide", "markdown", "json", "yaml", "template"] as const;
