// The original's metalctl as deployments use it: files of several documents are applied again and again, and whole rows of
// the store are compared. Then every flag that makes, changes or filters something.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "@metal-stack/database";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type MasterdataFile, masterdataFiles } from "./masterdata.ts";
import { findMetalctl, type Metalctl, metalctlFor } from "./metalctl.ts";
import { type Region, startRegion } from "./region.ts";
import { M1, PROJECT } from "./story/row.ts";

const START_MS = 180_000;
const PHASE_MS = 120_000;
const found = findMetalctl();

let folder: string;
let region: Region;
let metalctl: Metalctl;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "metal-masterdata-"));
  if ("missing" in found) return console.warn(`SKIPPED: masterdata with the original's metalctl: ${found.missing}`);
  region = await startRegion(folder);
  metalctl = metalctlFor(found.program, region.url, folder);
}, START_MS);
afterAll(async () => {
  await region?.close();
  rmSync(folder, { recursive: true });
});
beforeEach((context) => {
  if ("missing" in found) context.skip(found.missing);
});

/** What a command prints; throws what it complains of. */
async function print(args: string, documents?: readonly object[]): Promise<string> {
  const { code, stdout, stderr } = await metalctl(args.split(" "), documents);
  if (code !== 0) throw new Error(`metalctl ${args}: ${stderr}${stdout}`);
  return stdout;
}

const idOf = (entity: { id?: string; ipaddress?: string; meta?: { id: string } }) =>
  entity.meta?.id ?? entity.ipaddress ?? entity.id ?? "";

/** The ids that a list prints. */
async function listed(args: string): Promise<string[]> {
  return (JSON.parse(await print(`${args} -o json`)) as object[]).map(idOf).sort();
}

/** Rows without what every write changes, in the order of the ids that are asked for. */
async function stored({ table, ids }: Pick<MasterdataFile, "table" | "ids">): Promise<unknown[]> {
  const key = sql.ref(table === "ips" ? "ip" : "id");
  const { rows } = await sql<{ row: object }>`
    select to_jsonb(row) - '{created,changed,version,allocation_uuid}'::text[] as row
    from ${sql.table(table)} row where ${key}::text = any(${ids}) order by array_position(${ids}, ${key}::text)
  `.execute(region.world.context.db);
  return rows.map(({ row }) => (table.startsWith("masterdata.") ? withoutTimes(row) : row));
}

function withoutTimes(row: object): object {
  const { meta, ...document } = (row as { document: { meta: Record<string, unknown> } }).document;
  const { created_time: _, updated_time: __, version: ___, ...lasting } = meta;
  return { ...document, meta: lasting };
}

/** When each was last changed, and how often. */
async function versions({ table, ids }: MasterdataFile): Promise<number[]> {
  const key = sql.ref(table === "ips" ? "ip" : "id");
  const { rows } = await sql<{ version: number }>`
    select version::int from ${sql.table(table)} where ${key}::text = any(${ids}) order by array_position(${ids}, ${key}::text)
  `.execute(region.world.context.db);
  return rows.map(({ version }) => version);
}

/** What vitest would show. */
function difference(error: Error): string {
  const { message, actual, expected } = error as Error & { actual?: unknown; expected?: unknown };
  return `${message}\nstored: ${JSON.stringify(actual)}\nwanted: ${JSON.stringify(expected)}`;
}

async function apply(file: MasterdataFile): Promise<void> {
  const { command, documents, change, rows, changed, ids } = file;
  const [first, ...others] = documents as [object, ...object[]];
  const [firstRow, ...otherRows] = rows as [object, ...object[]];
  const applied = await print(`${command} apply -f -`, documents);
  for (const id of ids) expect(applied).toContain(id.split("/")[0]);
  expect(await stored(file)).toEqual(rows);
  expect(await versions(file)).toEqual(rows.map(() => 0));
  // Every upgrade of a deployment does it again: all is updated, and nothing is different.
  await print(`${command} apply -f -`, documents);
  expect(await stored(file)).toEqual(rows);
  expect(await versions(file)).toEqual(rows.map(() => 1));
  await print(`${command} update -f -`, [{ ...first, ...change }]);
  expect(await stored(file)).toEqual([{ ...firstRow, ...changed }, ...otherRows]);
  await print(`${command} apply -f -`, [{ ...first, ...change }, ...others]);
  expect(await stored(file)).toEqual([{ ...firstRow, ...changed }, ...otherRows]);
}

describe("files that deployments apply", () => {
  it(
    "make what they say, once, and change what has changed",
    async () => {
      const failed: string[] = [];
      for (const file of masterdataFiles(region.files))
        await apply(file).catch((error: Error) => failed.push(`${file.command}: ${difference(error)}`));
      expect(failed.join("\n\n")).toBe("");
    },
    PHASE_MS,
  );
});

/** A command, where what it makes or changes is, and what the row then has. */
type Deed = readonly [args: string, table: string, id: string, row: object];

const deeds = (files: string): Deed[] => [
  [
    "tenant create --id bronze --name Bronze --description d --labels x --annotations k=v --machine-quota 3 --ip-quota 4 --cluster-quota 5",
    "masterdata.tenants",
    "bronze",
    {
      meta: { id: "bronze", kind: "Tenant", apiversion: "v1", labels: ["x"], annotations: { k: "v" } },
      name: "Bronze",
      description: "d",
      quotas: { cluster: { max: 5 }, machine: { max: 3 }, ip: { max: 4 } },
    },
  ],
  [
    "partition create --id ham --name Hamburg --description d --mgmtserver m --cmdline c --imageurl URL/i --kernelurl URL/k --dnsservers 1.1.1.1 --ntpservers pool.ntp.org",
    "partitions",
    "ham",
    {
      name: "Hamburg",
      description: "d",
      mgmt_service_address: "m",
      boot_configuration: { commandline: "c", imageurl: `${files}/i`, kernelurl: `${files}/k` },
      dns_servers: [{ ip: "1.1.1.1" }],
      ntp_servers: [{ address: "pool.ntp.org" }],
    },
  ],
  [
    "size create --id tiny --name Tiny --description d --type cores --min 1 --max 1",
    "sizes",
    "tiny",
    { name: "Tiny", description: "d", constraints: [{ type: "cores", min: 1, max: 1 }] },
  ],
  [
    "image create --id alpine-3.20.20260101 --url URL/alpine --name Alpine --description d --features machine,firewall",
    "images",
    "alpine-3.20.20260101",
    { name: "Alpine", description: "d", features: ["machine", "firewall"], classification: "preview", os: "alpine" },
  ],
  [
    "network create --id dmz --name DMZ --description d --partition ber --project second --prefixes 192.0.2.0/24 --destination-prefixes 0.0.0.0/0 --labels a=b --nat --vrf 4711",
    "networks",
    "dmz",
    {
      name: "DMZ",
      description: "d",
      partition_id: "ber",
      project_id: "second",
      prefixes: ["192.0.2.0/24"],
      destination_prefixes: ["0.0.0.0/0"],
      labels: { a: "b" },
      nat: true,
      vrf: 4711,
      shared: false,
    },
  ],
  [
    "network update dmz --name Zone --add-prefixes 198.18.0.0/24 --remove-prefixes 192.0.2.0/24 --add-destinationprefixes 198.19.0.0/16 --remove-destinationprefixes 0.0.0.0/0",
    "networks",
    "dmz",
    { name: "Zone", description: "d", prefixes: ["198.18.0.0/24"], destination_prefixes: ["198.19.0.0/16"] },
  ],
  ["network update dmz --labels c=d --description e --shared", "networks", "dmz", { labels: { c: "d" }, shared: true }],
  [
    "network update super --additional-announcable-cidrs 10.240.0.0/12,10.128.0.0/12",
    "networks",
    "super",
    { additional_announcable_cidrs: ["10.240.0.0/12", "10.128.0.0/12"], default_child_prefix_length: { IPv4: 22 } },
  ],
  [
    "network create --id vpc --partition muc --prefixes 172.16.0.0/16 --privatesuper --default-ipv4-child-prefix-length 24 --additional-announcable-cidrs 10.240.0.0/12",
    "networks",
    "vpc",
    {
      private_super: true,
      default_child_prefix_length: { IPv4: 24 },
      additional_announcable_cidrs: ["10.240.0.0/12"],
    },
  ],
  [
    "network ip create --network internet --project PROJECT --type static --name lb --description d --tags b,a=c --ipaddress 203.0.113.50",
    "ips",
    "203.0.113.50/32",
    { name: "lb", description: "d", type: "static", tags: ["a=c", "b"], network_id: "internet", project_id: PROJECT },
  ],
  [
    "network ip create --network internet --project PROJECT --addressfamily IPv6",
    "ips",
    "2001:db8::1/128",
    { type: "ephemeral", tags: [], prefix: "2001:db8::/64" },
  ],
  [
    "network ip create --network internet --project PROJECT",
    "ips",
    "203.0.113.1/32",
    { type: "ephemeral", prefix: "203.0.113.0/24" },
  ],
  [
    "size reservation create --id rack --amount 2 --size v1-small --project second --partitions fra,muc --labels a=b --description d",
    "size_reservations",
    "rack",
    { amount: 2, size_id: "v1-small", project_id: "second", labels: { a: "b" }, description: "d" },
  ],
  [
    "size reservation update rack --amount 5 --labels c=d",
    "size_reservations",
    "rack",
    { amount: 5, labels: { c: "d" }, description: "d" },
  ],
];

/** What of the catalogue a list with these flags has. */
const FILTERS: readonly (readonly [args: string, ids: readonly string[]])[] = [
  ["tenant list --id gold", ["gold"]],
  ["tenant list --name Silver", ["silver"]],
  ["tenant list --annotations k=v", ["bronze"]],
  ["tenant list --name Nobody", []],
  ["project list --tenant gold", [PROJECT, "second"]],
  ["project list --name shop", [PROJECT]],
  ["project list --id second", ["second"]],
  ["project list --tenant silver", []],
  ["image list --os ubuntu", ["ubuntu-24.04.20260101", "ubuntu-24.04.20260201"]],
  ["image list --features firewall", ["alpine-3.20.20260101", "debian-12.0.20261101", "ubuntu-24.04.20260101"]],
  ["image list --classification deprecated", ["ubuntu-24.04.20260101"]],
  ["image list --version 24.4.20260201", ["ubuntu-24.04.20260201"]],
  ["image list --name Alpine --os alpine", ["alpine-3.20.20260101"]],
  ["image list --id nothing", []],
  ["network list --id internet", ["internet"]],
  ["network list --name Zone", ["dmz"]],
  ["network list --partition ber", ["dmz", "super", "underlay"]],
  ["network list --project second", ["dmz"]],
  ["network list --privatesuper", ["super", "vpc"]],
  ["network list --underlay", ["underlay"]],
  ["network list --nat", ["dmz", "internet"]],
  ["network list --vrf 4711", ["dmz"]],
  ["network list --prefixes 10.0.0.0/16,fd00:10::/48", ["super"]],
  ["network list --destination-prefixes ::/0", ["internet"]],
  ["network list --addressfamily ipv6", ["internet", "super"]],
  ["network list --parent internet", []],
  ["network ip list --ipaddress 203.0.113.9", ["203.0.113.9"]],
  ["network ip list --project PROJECT --type static", ["2001:db8::9", "203.0.113.50", "203.0.113.9"]],
  ["network ip list --prefix 203.0.113.0/24 --type ephemeral", ["203.0.113.1"]],
  ["network ip list --network internet --name lb --tags b,a=c", ["203.0.113.50"]],
  ["network ip list --addressfamily IPv6", ["2001:db8::1", "2001:db8::9"]],
  ["network ip list --machineid nobody", []],
  ["size reservation list --size v1-small", ["rack", "seeds"]],
  ["size reservation list --partition muc", ["rack", "spare"]],
  ["size reservation list --project second --id spare", ["spare"]],
  ["size reservation list --project nobody", []],
];

describe("flags", () => {
  const words = (args: string) => args.replaceAll("PROJECT", PROJECT).replaceAll("URL", region.files);

  it(
    "make and change what they say",
    async () => {
      for (const [args, table, id, row] of deeds(region.files)) {
        expect.soft(await print(words(args)), args).toContain(id.split("/")[0]);
        expect.soft(await stored({ table, ids: [id] }), args).toMatchObject([row]);
      }
      const partitions = await sql<{ partition_id: string }>`
        select partition_id from size_reservation_partitions where reservation_id = 'rack' order by ordinal`.execute(
        region.world.context.db,
      );
      expect(partitions.rows.map((row) => row.partition_id)).toEqual(["fra", "muc"]);
    },
    PHASE_MS,
  );

  it(
    "find what they say, and nothing else",
    async () => {
      for (const [args, ids] of FILTERS) expect.soft(await listed(words(args)), args).toEqual(ids);
    },
    PHASE_MS,
  );

  it(
    "allocate private networks, and free them",
    async () => {
      const allocate = async (flags: string) =>
        JSON.parse(
          await print(words(`network allocate --project PROJECT --partition ber --name mine ${flags} -o json`)),
        ) as { id: string; prefixes: string[] };
      const dmz = await allocate("--dmz --addressfamily ipv4 --ipv4-prefix-length 24 --labels a=b --description d");
      expect(await stored({ table: "networks", ids: [dmz.id] })).toMatchObject([
        {
          name: "mine",
          description: "d",
          labels: { a: "b" },
          prefixes: ["10.0.0.0/24"],
          destination_prefixes: ["0.0.0.0/0"],
          parent_network_id: "super",
          shared: true,
          nat: true,
        },
      ]);
      const both = await allocate("");
      expect(both.prefixes).toEqual(["10.0.4.0/22", "fd00:10::/64"]);
      expect(await listed("network list --parent super")).toEqual([dmz.id, both.id].sort());
      for (const { id } of [dmz, both]) expect(await print(`network free ${id}`)).toContain(id);
      expect(await listed("network list --parent super")).toEqual([]);
    },
    PHASE_MS,
  );
});

describe("firmware", () => {
  it("is uploaded from a file, listed and deleted", async (context) => {
    if (!region.firmware) context.skip("there is no S3 server");
    const { db } = region.world.context;
    const fru = { board_mfg: "Supermicro", board_part_number: "X11DPT-B" };
    await sql`update machines set ipmi = coalesce(ipmi, '{}') || ${json({ fru, bmcversion: "1.0" })} where id = ${M1}`.execute(
      db,
    );
    const file = join(folder, "bmc.bin");
    writeFileSync(file, "the new BMC");
    const of = "--vendor Supermicro --board x11dpt-b --revision 1.73";
    await print(`firmware upload bmc ${file} ${of}`);
    const kept = async (flags = "") => JSON.parse(await print(`firmware list ${flags} -o json`)) as unknown;
    const revisions = (kind: string, list: string[]) => ({
      [kind]: { VendorRevisions: { supermicro: { BoardRevisions: { "X11DPT-B": list } } } },
    });
    const none = (kind: string) => ({ [kind]: { VendorRevisions: {} } });
    expect(await kept()).toEqual({ revisions: { ...revisions("bmc", ["1.73"]), ...none("bios") } });
    expect(await kept("--kind bmc --vendor SUPERMICRO --board X11dpt-b")).toEqual({
      revisions: revisions("bmc", ["1.73"]),
    });
    expect(await kept("--kind bios")).toEqual({ revisions: none("bios") });
    expect(await kept("--vendor dell")).toEqual({ revisions: { ...none("bmc"), ...none("bios") } });
    expect(await kept(`--kind bmc --machineid ${M1}`)).toEqual({ revisions: revisions("bmc", ["1.0"]) });
    await expect(print(`firmware upload bios ${file} --vendor dell --board none --revision 1`)).rejects.toThrow(
      "there is no machine of vendor dell with board NONE",
    );
    await print(`firmware delete --kind bmc ${of}`);
    expect(await kept("--kind bmc")).toEqual({ revisions: none("bmc") });
  });
});

describe("the audit trail", () => {
  it("tells who did it, found by every flag", async () => {
    const find = async (flags: string) =>
      JSON.parse(await print(`audit list ${flags} -o json`)) as { rqid: string; phase: string; path: string }[];
    const [entry] = await find("--path /v1/network/allocate --phase response --status-code 201 --limit 1");
    expect(entry).toMatchObject({ phase: "response", path: "/metal/v1/network/allocate" });
    const who =
      "--user metal-admin@metal-stack.io --tenant metal-stack --component metal-api --type http --detail POST";
    const both = await find(`--request-id ${entry!.rqid} --from 1h ${who} --remote-addr 127.0.0.1`);
    expect(both.map(({ phase }) => phase).sort()).toEqual(["request", "response"]);
    expect(await find("-q alpine --path /v1/image --phase request")).toHaveLength(1);
    expect(await find("--error already --path /v1/image --phase response")).not.toEqual([]);
    expect(await find("--status-code 418")).toEqual([]);
    expect(await print(`audit describe ${entry!.rqid} --phase request`)).toContain("ber");
  });
});

describe("everything", () => {
  it(
    "can be deleted again, also by its file",
    async () => {
      const flagged = [
        "network ip delete 203.0.113.50",
        "network ip delete 2001:db8::1",
        "network ip delete 203.0.113.1",
      ];
      const ids = [
        "size reservation delete rack",
        "network delete dmz",
        "network delete vpc",
        "image delete alpine-3.20.20260101",
      ];
      const rest = ["size delete tiny", "partition delete ham", "tenant delete bronze"];
      for (const args of [...flagged, ...ids, ...rest]) await print(args);
      for (const file of masterdataFiles(region.files).reverse()) {
        await print(`${file.command} delete -f -`, file.documents);
        expect(await stored(file), file.command).toEqual([]);
      }
      const { rows } = await sql`
        select (select count(*) from ipam.prefixes) as prefixes, (select count(*) from ipam.addresses) as addresses
      `.execute(region.world.context.db);
      expect(rows).toEqual([{ prefixes: 0, addresses: 0 }]);
    },
    PHASE_MS,
  );
});
