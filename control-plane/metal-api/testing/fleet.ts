// A small data centre for tests: one partition with a size, an image, a layout, networks, racks of two leaves each, and
// machines that wait. Builders write what agents and operators would have brought about; no test repeats this.
import { randomUUID } from "node:crypto";
import { json } from "@metal-stack/database";
import { type Insertable, sql } from "kysely";
import type { Hardware } from "../database/documents.ts";
import type { Db, Schema } from "../database/schema.ts";
import { transact } from "../database/transaction.ts";
import { allocateChildNetwork, createNetwork } from "../networks/commands.ts";
import type { NetworkRow } from "../networks/store.ts";
import { proveErased } from "./proof.ts";

export const PARTITION = "fra-1";
export const SIZE = "c1-small-x86";
export const IMAGE = "debian-12.0.20261101";
export const FIREWALL_IMAGE = "firewall-ubuntu-3.0.20261101";
export const LAYOUT = "default";
export const PROJECT = "00000000-0000-0000-0000-000000000001";
export const INTERNET = "internet";
export const UNDERLAY = "underlay";
export const SUPER = "tenant-super";

const GIB = 1024 ** 3;

/** What fits {@link SIZE} and {@link LAYOUT}: 8 cores, 16 GiB, one disk of 100 GiB. */
export const HARDWARE: Hardware = {
  memory: 16 * GIB,
  cpus: [{ vendor: "GenuineIntel", model: "Intel Xeon", cores: 8, threads: 16 }],
  gpus: [],
  disks: [{ name: "/dev/sda", size: 100 * GIB }],
  nics: [],
};

export interface Fleet {
  /** Cut out of the super network for {@link PROJECT}. */
  readonly network: NetworkRow;
  /** Waiting, in order of their making; spread over the racks in turn. */
  readonly machines: readonly string[];
}

/** Builds all of it. @param internet CIDRs of the external network: a small one is soon exhausted */
export async function buildFleet(
  db: Db,
  {
    machines = 1,
    racks = 1,
    internet = ["203.0.113.0/24"],
  }: { machines?: number; racks?: number; internet?: string[] } = {},
): Promise<Fleet> {
  await buildCatalogue(db);
  const network = await buildNetworks(db, internet);
  const names = Array.from({ length: racks }, (_, index) => `rack-${index + 1}`);
  for (const rack of names) await buildLeaves(db, rack);
  const ids: string[] = [];
  for (let index = 0; index < machines; index++) ids.push(await waitingMachine(db, { rack: names[index % racks]! }));
  return { network, machines: ids };
}

async function buildCatalogue(db: Db): Promise<void> {
  await db
    .insertInto("partitions")
    .values({
      id: PARTITION,
      boot_configuration: json({ imageurl: "http://boot/initrd", kernelurl: "http://boot/kernel", commandline: "" }),
      dns_servers: json([{ ip: "9.9.9.9" }]),
      ntp_servers: json([{ address: "pool.ntp.org" }]),
    })
    .execute();
  await db
    .insertInto("sizes")
    .values({
      id: SIZE,
      constraints: json([
        { type: "cores", min: 8, max: 8 },
        { type: "memory", min: 8 * GIB, max: 32 * GIB },
        { type: "storage", min: GIB, max: 1000 * GIB, identifier: "/dev/*" },
      ]),
    })
    .execute();
  const expiration_date = new Date("2099-01-01T00:00:00Z");
  await db
    .insertInto("images")
    .values([
      {
        id: IMAGE,
        url: "http://images/debian.tar.zst",
        features: ["machine"],
        os: "debian",
        version_text: "12.0.20261101",
        expiration_date,
      },
      {
        id: FIREWALL_IMAGE,
        url: "http://images/firewall.tar.zst",
        features: ["firewall"],
        os: "firewall-ubuntu",
        version_text: "3.0.20261101",
        expiration_date,
      },
    ])
    .execute();
  await db
    .insertInto("filesystem_layouts")
    .values({
      id: LAYOUT,
      constraints: json({ sizes: [SIZE], images: { debian: "*", "firewall-ubuntu": "*" } }),
      disks: json([
        {
          device: "/dev/sda",
          wipeonreinstall: true,
          partitions: [
            { number: 1, label: "efi", size: 500, gpttype: "ef00" },
            { number: 2, label: "root", size: 0, gpttype: "8300" },
          ],
        },
      ]),
      filesystems: json([
        { path: "/boot/efi", device: "/dev/sda1", format: "vfat", label: "efi" },
        { path: "/", device: "/dev/sda2", format: "ext4", label: "root" },
      ]),
    })
    .execute();
}

async function buildNetworks(db: Db, internet: string[]): Promise<NetworkRow> {
  return transact(db, async (tx) => {
    await createNetwork(tx, {
      id: SUPER,
      partitionid: PARTITION,
      prefixes: ["10.0.0.0/16"],
      defaultchildprefixlength: { IPv4: 22 },
      privatesuper: true,
    });
    await createNetwork(tx, {
      id: INTERNET,
      prefixes: internet,
      destinationprefixes: ["0.0.0.0/0"],
      nat: true,
      vrf: 104009,
    });
    await createNetwork(tx, { id: UNDERLAY, partitionid: PARTITION, prefixes: ["10.1.0.0/24"], underlay: true });
    return allocateChildNetwork(tx, { name: "private", partitionid: PARTITION, projectid: PROJECT });
  });
}

/** The two leaves of a rack, `<rack>-leaf-1` and `<rack>-leaf-2`. */
async function buildLeaves(db: Db, rack: string): Promise<void> {
  for (const leaf of [`${rack}-leaf-1`, `${rack}-leaf-2`])
    await db
      .insertInto("switches")
      .values({ id: leaf, name: leaf, partition_id: PARTITION, rack_id: rack, os: json({ vendor: "SONiC" }) })
      .execute();
}

/**
 * A machine that was discovered, wired to both leaves of its rack, erased, and waits for an allocation.
 * @param more columns that differ: a size, a state, disks …
 */
export async function waitingMachine(
  db: Db,
  {
    id = randomUUID(),
    rack = "rack-1",
    disks = "erased",
    ...more
  }: { id?: string; rack?: string } & MachineColumns = {},
): Promise<string> {
  await db
    .insertInto("machines")
    .values({
      id,
      partition_id: PARTITION,
      size_id: SIZE,
      rack_id: rack,
      hardware: json(HARDWARE),
      bios: json({ version: "1.0", vendor: "AMI", date: "01/01/2026" }),
      ipmi: json({
        address: `192.0.2.${1 + (Number.parseInt(id.slice(0, 2), 16) % 250)}:623`,
        mac: "02:00:00:00:00:01",
        user: "metal",
        interface: "lanplus",
        fru: { chassis_part_serial: `chassis-${id.slice(0, 4)}` },
        bmcversion: "1.2",
        powerstate: "ON",
        last_updated: new Date().toISOString(),
      }),
      disks: disks === "erased" ? "erasing" : disks,
      waiting_until: sql<Date>`now() + interval '1 hour'`,
      ...more,
    })
    .execute();
  if (disks === "erased") await proveErased(db, id);
  await db
    .insertInto("provisioning_states")
    .values({ machine_id: id, last_event_time: sql`now()` })
    .execute();
  await db.insertInto("provisioning_events").values({ machine_id: id, event: "Waiting" }).execute();
  for (const leaf of [`${rack}-leaf-1`, `${rack}-leaf-2`])
    await db
      .insertInto("switch_ports")
      .columns(["switch_id", "name", "machine_id"])
      .expression((from) =>
        from
          .selectFrom("switches")
          .select(["id", sql<string>`${`port-${id}`}`.as("name"), sql<string>`${id}`.as("machine_id")])
          .where("id", "=", leaf),
      )
      .execute();
  return id;
}

type MachineColumns = Partial<
  Pick<
    Insertable<Schema["machines"]>,
    | "partition_id"
    | "size_id"
    | "state_value"
    | "state_description"
    | "disks"
    | "disks_reason"
    | "waiting_until"
    | "hardware"
    | "ipmi"
  >
>;
