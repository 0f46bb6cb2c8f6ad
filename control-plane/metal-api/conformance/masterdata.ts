// What an operator keeps in files for `metalctl apply`, one of several documents a noun, and what the store then holds.
// It is on purpose that documents leave out what is false or zero, and have keys of older releases.
import { PROJECT } from "./story/row.ts";

export interface MasterdataFile {
  readonly command: string;
  readonly table: string;
  readonly ids: readonly string[];
  /** As YAML has them. */
  readonly documents: readonly object[];
  /** Laid over the first document later. */
  readonly change: object;
  /** The rows, without their times and versions. */
  readonly rows: readonly object[];
  /** Laid over the first row then. */
  readonly changed: object;
}

const described = { description: "changed by apply" };
const unnamed = { name: "", description: "" };
const unlabelled = { labels: {} };

/** In the order of the original's deployment: each finds what it needs. @param files base URL of a server that has every file */
export const masterdataFiles = (files: string): MasterdataFile[] => [
  {
    command: "tenant",
    table: "masterdata.tenants",
    ids: ["gold", "silver"],
    documents: [
      {
        meta: { id: "gold", kind: "Tenant", apiversion: "v1", annotations: { "a.b/c": "d" }, labels: ["x"] },
        name: "Gold",
        quotas: { machine: { quota: 100 }, project: { quota: 7 } },
      },
      { meta: { id: "silver", kind: "Tenant", apiversion: "v1" }, name: "Silver" },
    ],
    change: { ...described, default_quotas: { ip: { quota: 5 } }, iam_config: { idm_config: { idm_type: "ldap" } } },
    rows: [
      {
        meta: { id: "gold", kind: "Tenant", apiversion: "v1", annotations: { "a.b/c": "d" }, labels: ["x"] },
        name: "Gold",
        quotas: { machine: { max: 100 }, project: { max: 7 } },
      },
      { meta: { id: "silver", kind: "Tenant", apiversion: "v1" }, name: "Silver" },
    ],
    changed: { ...described, default_quotas: { ip: { max: 5 } }, iam_config: { idm_config: { idm_type: "ldap" } } },
  },
  {
    command: "project",
    table: "masterdata.projects",
    ids: [PROJECT, "second"],
    documents: [
      {
        meta: { id: PROJECT, kind: "Project", apiversion: "v1", annotations: { a: "b" }, labels: ["x"] },
        name: "shop",
        tenant_id: "gold",
        quotas: { machine: { quota: 10 } },
      },
      {
        meta: { id: "second", kind: "Project", apiversion: "v1" },
        tenant_id: "gold",
        quotas: { machine: { quota: 3 } },
      },
    ],
    change: { ...described, quotas: { ip: { quota: 50 }, cluster: { quota: 1 } } },
    rows: [
      {
        meta: { id: PROJECT, kind: "Project", apiversion: "v1", annotations: { a: "b" }, labels: ["x"] },
        name: "shop",
        tenant_id: "gold",
        quotas: { machine: { max: 10 } },
      },
      {
        meta: { id: "second", kind: "Project", apiversion: "v1" },
        tenant_id: "gold",
        quotas: { machine: { max: 3 } },
      },
    ],
    changed: { ...described, quotas: { ip: { max: 50 }, cluster: { max: 1 } } },
  },
  {
    command: "image",
    table: "images",
    ids: ["ubuntu-24.04.20260101", "ubuntu-24.04.20260201"],
    documents: [
      {
        id: "ubuntu-24.04.20260101",
        name: "Ubuntu",
        url: `${files}/ubuntu`,
        features: ["machine"],
        classification: "supported",
        expirationDate: "2030-01-01T00:00:00Z",
      },
      { id: "ubuntu-24.04.20260201", url: `${files}/ubuntu2`, expirationDate: "2031-01-01T00:00:00Z" },
    ],
    change: { ...described, features: ["machine", "firewall"], classification: "deprecated" },
    rows: [
      {
        ...unnamed,
        id: "ubuntu-24.04.20260101",
        name: "Ubuntu",
        url: `${files}/ubuntu`,
        features: ["machine"],
        classification: "supported",
        expiration_date: "2030-01-01T00:00:00+00:00",
        os: "ubuntu",
        version_text: "24.4.20260101",
        sha256: null,
      },
      {
        ...unnamed,
        id: "ubuntu-24.04.20260201",
        url: `${files}/ubuntu2`,
        features: [],
        classification: "preview",
        expiration_date: "2031-01-01T00:00:00+00:00",
        os: "ubuntu",
        version_text: "24.4.20260201",
        sha256: null,
      },
    ],
    changed: { ...described, features: ["machine", "firewall"], classification: "deprecated" },
  },
  {
    command: "partition",
    table: "partitions",
    ids: ["ber", "muc"],
    documents: [
      {
        id: "ber",
        name: "Berlin",
        mgmtserviceaddress: "192.0.2.1:8080",
        privatenetworkprefixlength: 22,
        bootconfig: { imageurl: `${files}/initrd`, kernelurl: `${files}/kernel`, commandline: "console=ttyS0" },
        dns_servers: [{ ip: "9.9.9.9" }, { ip: "2620:fe::fe" }],
        ntp_servers: [{ address: "pool.ntp.org" }],
      },
      { id: "muc", bootconfig: { imageurl: `${files}/initrd`, kernelurl: `${files}/kernel` } },
    ],
    // The client sends labels in updates only.
    change: { ...described, labels: { zone: "a" }, dns_servers: [] },
    rows: [
      {
        ...unnamed,
        ...unlabelled,
        id: "ber",
        name: "Berlin",
        mgmt_service_address: "192.0.2.1:8080",
        boot_configuration: {
          imageurl: `${files}/initrd`,
          kernelurl: `${files}/kernel`,
          commandline: "console=ttyS0",
        },
        dns_servers: [{ ip: "9.9.9.9" }, { ip: "2620:fe::fe" }],
        ntp_servers: [{ address: "pool.ntp.org" }],
      },
      {
        ...unnamed,
        ...unlabelled,
        id: "muc",
        mgmt_service_address: "",
        boot_configuration: { imageurl: `${files}/initrd`, kernelurl: `${files}/kernel` },
        dns_servers: [],
        ntp_servers: [],
      },
    ],
    changed: { ...described, labels: { zone: "a" }, dns_servers: [] },
  },
  {
    command: "size",
    table: "sizes",
    ids: ["gpu", "storage"],
    documents: [
      {
        id: "gpu",
        constraints: [
          { type: "cores", min: 64, max: 64, identifier: "AMD EPYC*" },
          { type: "memory", min: 1099511627776, max: 2199023255552 },
          { type: "storage", max: 9223372036854775000, identifier: "/dev/nvme*" },
          { type: "gpu", min: 8, max: 8, identifier: "AD102GL*" },
        ],
      },
      { id: "storage" },
    ],
    change: { ...described, name: "GPU", labels: { a: "b" } },
    rows: [
      {
        ...unnamed,
        ...unlabelled,
        id: "gpu",
        constraints: [
          { type: "cores", min: 64, max: 64, identifier: "AMD EPYC*" },
          { type: "memory", min: 1099511627776, max: 2199023255552 },
          { type: "storage", max: 9223372036854775000, identifier: "/dev/nvme*" },
          { type: "gpu", min: 8, max: 8, identifier: "AD102GL*" },
        ],
      },
      { ...unnamed, ...unlabelled, id: "storage", constraints: [] },
    ],
    changed: { ...described, name: "GPU", labels: { a: "b" } },
  },
  {
    command: "network",
    table: "networks",
    ids: ["internet", "super", "underlay"],
    documents: [
      {
        id: "internet",
        name: "Internet",
        prefixes: ["203.0.113.0/24", "2001:DB8:0::/64"],
        destinationprefixes: ["0.0.0.0/0", "::/0"],
        nat: true,
        vrf: 104009,
        vrfshared: true,
        labels: { "network.metal-stack.io/default": "" },
      },
      {
        id: "super",
        partitionid: "ber",
        prefixes: ["10.0.0.0/16", "fd00:10::/48"],
        privatesuper: true,
        defaultchildprefixlength: { IPv4: 22, IPv6: 64 },
        additionalAnnouncableCIDRs: ["10.240.0.0/12"],
      },
      { id: "underlay", partitionid: "ber", prefixes: ["10.1.0.0/24"], underlay: true },
    ],
    change: { ...described, prefixes: ["203.0.113.0/24", "2001:db8::/64", "198.51.100.0/24"], labels: { a: "b" } },
    rows: [
      {
        ...unnamed,
        id: "internet",
        name: "Internet",
        labels: { "network.metal-stack.io/default": "" },
        partition_id: null,
        project_id: null,
        parent_network_id: null,
        prefixes: ["203.0.113.0/24", "2001:db8::/64"],
        destination_prefixes: ["0.0.0.0/0", "::/0"],
        default_child_prefix_length: {},
        additional_announcable_cidrs: [],
        vrf: 104009,
        vrf_shared: true,
        nat: true,
        private_super: false,
        underlay: false,
        shared: false,
      },
      {
        ...unnamed,
        ...unlabelled,
        id: "super",
        partition_id: "ber",
        project_id: null,
        parent_network_id: null,
        prefixes: ["10.0.0.0/16", "fd00:10::/48"],
        destination_prefixes: [],
        default_child_prefix_length: { IPv4: 22, IPv6: 64 },
        additional_announcable_cidrs: ["10.240.0.0/12"],
        vrf: null,
        vrf_shared: false,
        nat: false,
        private_super: true,
        underlay: false,
        shared: false,
      },
      {
        ...unnamed,
        ...unlabelled,
        id: "underlay",
        partition_id: "ber",
        project_id: null,
        parent_network_id: null,
        prefixes: ["10.1.0.0/24"],
        destination_prefixes: [],
        default_child_prefix_length: {},
        additional_announcable_cidrs: [],
        vrf: null,
        vrf_shared: false,
        nat: false,
        private_super: false,
        underlay: true,
        shared: false,
      },
    ],
    changed: { ...described, prefixes: ["203.0.113.0/24", "2001:db8::/64", "198.51.100.0/24"], labels: { a: "b" } },
  },
  {
    command: "network ip",
    table: "ips",
    ids: ["203.0.113.9/32", "2001:db8::9/128"],
    documents: [
      { ipaddress: "203.0.113.9", name: "lb", networkid: "internet", projectid: PROJECT, tags: ["b", "a=c"] },
      { ipaddress: "2001:db8::9", networkid: "internet", projectid: PROJECT, type: "static" },
    ],
    change: { ...described, type: "static", tags: [] },
    rows: [
      {
        ...unnamed,
        ip: "203.0.113.9",
        name: "lb",
        prefix: "203.0.113.0/24",
        network_id: "internet",
        project_id: PROJECT,
        type: "ephemeral",
        tags: ["a=c", "b"],
      },
      {
        ...unnamed,
        ip: "2001:db8::9",
        prefix: "2001:db8::/64",
        network_id: "internet",
        project_id: PROJECT,
        type: "static",
        tags: [],
      },
    ],
    changed: { ...described, type: "static", tags: [] },
  },
  {
    command: "filesystemlayout",
    table: "filesystem_layouts",
    ids: ["raided", "dev"],
    documents: [
      {
        id: "raided",
        constraints: { sizes: ["gpu"], images: { ubuntu: ">= 24.04" } },
        disks: ["/dev/sda", "/dev/sdb"].map((device) => ({
          device,
          partitions: [{ number: 1, gpttype: "fd00" }],
          wipeonreinstall: true,
        })),
        raid: [{ arrayname: "/dev/md0", devices: ["/dev/sda1", "/dev/sdb1"], level: "1" }],
        volumegroups: [{ name: "vg0", devices: ["/dev/md0"] }],
        logicalvolumes: [{ name: "root", volumegroup: "vg0", lvmtype: "linear" }],
        filesystems: [{ path: "/", device: "/dev/vg0/root", format: "ext4" }],
      },
      { id: "dev", constraints: {}, disks: [{ device: "/dev/vda" }] },
    ],
    change: { ...described, filesystems: [{ path: "/", device: "/dev/vg0/root", format: "ext3", label: "root" }] },
    rows: [
      {
        ...unnamed,
        id: "raided",
        constraints: { sizes: ["gpu"], images: { ubuntu: ">= 24.04" } },
        disks: ["/dev/sda", "/dev/sdb"].map((device) => ({
          device,
          partitions: [{ number: 1, size: 0, gpttype: "fd00" }],
          wipeonreinstall: true,
        })),
        raid: [{ arrayname: "/dev/md0", devices: ["/dev/sda1", "/dev/sdb1"], level: "1", spares: 0 }],
        volume_groups: [{ name: "vg0", devices: ["/dev/md0"] }],
        logical_volumes: [{ name: "root", volumegroup: "vg0", lvmtype: "linear", size: 0 }],
        filesystems: [{ path: "/", device: "/dev/vg0/root", format: "ext4" }],
      },
      {
        ...unnamed,
        id: "dev",
        constraints: { sizes: [], images: {} },
        disks: [{ device: "/dev/vda", wipeonreinstall: false }],
        raid: [],
        volume_groups: [],
        logical_volumes: [],
        filesystems: [],
      },
    ],
    changed: { ...described, filesystems: [{ path: "/", device: "/dev/vg0/root", format: "ext3", label: "root" }] },
  },
  {
    command: "size imageconstraint",
    table: "size_image_constraints",
    ids: ["gpu", "v1-small"],
    documents: [
      { id: "gpu", constraints: { images: { ubuntu: ">= 24.04.20260101", debian: "*" } } },
      { id: "v1-small", name: "small" },
    ],
    change: { ...described, constraints: { images: { ubuntu: "~ 24.04" } } },
    rows: [
      { ...unnamed, id: "gpu", images: { ubuntu: ">= 24.04.20260101", debian: "*" } },
      { ...unnamed, id: "v1-small", name: "small", images: {} },
    ],
    changed: { ...described, images: { ubuntu: "~ 24.04" } },
  },
  {
    command: "size reservation",
    table: "size_reservations",
    ids: ["seeds", "spare"],
    documents: [
      {
        id: "seeds",
        sizeid: "v1-small",
        projectid: PROJECT,
        partitionids: ["fra", "ber"],
        amount: 3,
        labels: { a: "b" },
      },
      { id: "spare", name: "spare", sizeid: "gpu", projectid: "second", partitionids: ["muc"], amount: 1 },
    ],
    change: { ...described, amount: 4 },
    rows: [
      { ...unnamed, id: "seeds", size_id: "v1-small", project_id: PROJECT, amount: 3, labels: { a: "b" } },
      { ...unnamed, ...unlabelled, id: "spare", name: "spare", size_id: "gpu", project_id: "second", amount: 1 },
    ],
    changed: { ...described, amount: 4 },
  },
];
