// A machine of which everything is known, and that has everything a tenant can have.
import type { FilesystemLayout } from "../database/documents.ts";
import type { MachineRow } from "../machines/store.ts";
import type { EventContainer } from "../provisioning/events.ts";

const TIME = new Date("2026-01-02T03:04:05.006Z");
const ENTITY = { name: "name", description: "description", created: TIME, changed: TIME, version: 7 };

const LAYOUT: FilesystemLayout = {
  id: "layout",
  name: "layout",
  description: "of all kinds",
  constraints: { sizes: ["size"], images: { debian: "*" } },
  filesystems: [
    { path: "/", device: "/dev/root/root", format: "ext4", label: "root", mountoptions: ["ro"], createoptions: ["-F"] },
  ],
  disks: [
    {
      device: "/dev/sda",
      wipeonreinstall: true,
      partitions: [{ number: 1, label: "one", size: 0, gpttype: "8300" }],
    },
  ],
  raid: [{ arrayname: "/dev/md0", devices: ["/dev/sda1"], level: "1", createoptions: ["--x"], spares: 1 }],
  volumegroups: [{ name: "root", devices: ["/dev/md0"], tags: ["tag"] }],
  logicalvolumes: [{ name: "root", volumegroup: "root", size: 1, lvmtype: "linear" }],
};

export const FULL_MACHINE: MachineRow = {
  id: "machine",
  ...ENTITY,
  partition_id: "partition",
  rack_id: "rack",
  size_id: "size",
  tags: ["tag"],
  hardware: {
    memory: 1,
    cpus: [{ vendor: "Intel", model: "Xeon", cores: 2, threads: 4 }],
    gpus: [{ vendor: "NVIDIA", model: "A100" }],
    disks: [{ name: "/dev/sda", size: 3, serial: "s", model: "m", rotational: true, transport: "sata" }],
    nics: [
      {
        mac: "02:00:00:00:00:01",
        name: "eth0",
        identifier: "02:00:00:00:00:01",
        neighbors: [{ mac: "02:00:00:00:00:02", name: "Ethernet0", identifier: "Eth1/1", hostname: "leaf" }],
      },
    ],
  },
  bios: { version: "1", vendor: "AMI", date: "today" },
  ipmi: null,
  led_value: "LED-ON",
  led_description: "led",
  state_value: "LOCKED",
  state_description: "state",
  state_issuer: "issuer",
  hammer_version: "hammer",
  waiting_until: TIME,
  disks: "in-use",
  disks_reason: "",
  disks_since: TIME,
  bmc_seen: TIME,
  answer_version: 1,
  ended_allocation: null,
  allocation_ended: null,
  allocation: {
    uuid: "allocation",
    machine_id: "machine",
    creator: "creator",
    created: TIME,
    name: "name",
    description: "description",
    project_id: "project",
    image_id: "image",
    filesystem_layout: LAYOUT,
    networks: [
      {
        networkid: "network",
        prefixes: ["10.0.0.0/24"],
        ips: ["10.0.0.1"],
        destinationprefixes: ["0.0.0.0/0"],
        vrf: 1,
        asn: 2,
        nat: true,
        private: true,
        underlay: false,
        networktype: "privateprimaryunshared",
        networktypev2: "child",
        nattypev2: "none",
        projectid: "project",
      },
    ],
    hostname: "host",
    ssh_pub_keys: ["key"],
    user_data: "data",
    console_password: "sealed",
    succeeded: true,
    reinstall: true,
    old_system_lost: false,
    boot_info: {
      image_id: "image",
      primary_disk: "/dev/sda",
      os_partition: "/dev/sda1",
      initrd: "initrd",
      cmdline: "cmdline",
      kernel: "kernel",
      bootloaderid: "metal",
    },
    installed: TIME,
    role: "firewall",
    vpn: { address: "address", auth_key: "sealed", connected: true },
    firewall_rules: {
      egress: [{ protocol: "tcp", ports: [1], to: ["0.0.0.0/0"], comment: "out" }],
      ingress: [{ protocol: "udp", ports: [2], to: ["10.0.0.1/32"], from: ["0.0.0.0/0"], comment: "in" }],
    },
    dns_servers: [{ ip: "9.9.9.9" }],
    ntp_servers: [{ address: "ntp" }],
    asn: 4_210_000_001,
    idempotency_key: null,
    idempotency_hash: null,
  },
};

const EVENT = { time: TIME, event: "Phoned Home", message: "message" } as const;
export const FULL_LOG: EventContainer = {
  events: [EVENT],
  lastEventTime: TIME,
  lastErrorEvent: EVENT,
  crashLoop: true,
  failedMachineReclaim: true,
};
