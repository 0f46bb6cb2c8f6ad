// The original's own command line: every noun and verb, in every format, and what the store holds afterwards.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { install } from "./machines.ts";
import { findMetalctl, type Metalctl, metalctlFor } from "./metalctl.ts";
import { FORMATS, type Noun, nouns } from "./nouns.ts";
import { type Region, startRegion } from "./region.ts";
import { M1, M2, PROJECT } from "./story/row.ts";

const START_MS = 180_000;
/** Stands for the key in commands, whose words are split at blanks. */
const KEY = "KEY";
const PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
const PHASE_MS = 180_000;
const found = findMetalctl();

let folder: string;
let region: Region;
let metalctl: Metalctl;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "metal-metalctl-"));
  if ("missing" in found) return console.warn(`SKIPPED: the original's metalctl: ${found.missing}`);
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
async function print(args: readonly string[], documents?: readonly object[]): Promise<string> {
  const { code, stdout, stderr } = await metalctl(args, documents);
  if (code !== 0) throw new Error(`metalctl ${args.join(" ")}: ${stderr}${stdout}`);
  return stdout;
}

/** How a command that must fail complains. */
async function complaint(args: readonly string[], documents?: readonly object[]): Promise<string> {
  const { code, stdout, stderr } = await metalctl(args, documents);
  expect(code, `metalctl ${args.join(" ")}: ${stdout}`).not.toBe(0);
  return stderr + stdout;
}

async function stored({ table, id }: Noun): Promise<unknown> {
  const key = sql.ref(table === "ips" ? "ip" : "id");
  const { rows } =
    await sql<object>`select description from ${sql.table(table!)} where ${key}::text like ${id} || '%'`.execute(
      region.world.context.db,
    );
  return rows;
}

const titleOf = ({ command }: Noun) => command.join(" ");

async function live(noun: Noun): Promise<void> {
  const { command, id, document, changed, idTemplate = "{{ .id }}" } = noun;
  expect(await print([...command, "create", "-f", "-"], [document])).toContain(id);
  expect(await complaint([...command, "create", "-f", "-"], [document])).toMatch(/already|409|Conflict/i);
  expect(await print([...command, "apply", "-f", "-"], [{ ...document, ...changed }])).toContain(id);
  if (noun.table) expect(await stored(noun)).toEqual([changed]);
  for (const format of FORMATS) {
    const output = ["-o", format, ...(format === "template" ? ["--template", idTemplate] : [])];
    expect(await print([...command, "list", ...output]), `list ${format}`).toContain(id);
    expect(await print([...command, "describe", id, ...output]), `describe ${format}`).toContain(id);
  }
  const described = JSON.parse(await print([...command, "describe", id, "-o", "json"])) as object;
  expect(described).toMatchObject(changed!);
  // What it prints it takes back, and nothing has changed by that.
  await print([...command, "apply", "-f", "-"], [described]);
  const again = JSON.parse(await print([...command, "describe", id, "-o", "json"])) as object;
  expect(steady(again)).toEqual(steady(described));
  expect(await print([...command, "update", "-f", "-"], [{ ...described, description: "updated" }])).toContain(id);
  if (noun.table) expect(await stored(noun)).toEqual([{ description: "updated" }]);
}

/** Without what every write changes. */
function steady(document: object): object {
  const { changed: _changed, meta, ...rest } = document as { changed?: string; meta?: { id: string } };
  return meta ? { ...rest, id: meta.id } : rest;
}

async function end(noun: Noun): Promise<void> {
  const { command, id } = noun;
  expect(await print([...command, "delete", id])).toContain(id);
  expect(await complaint([...command, "describe", id])).toMatch(/not ?found/i);
  if (noun.table) expect(await stored(noun)).toEqual([]);
}

const LAYOUT = {
  id: "default",
  constraints: { sizes: ["v1-small"], images: { debian: "*" } },
  disks: [{ device: "/dev/vda", wipeonreinstall: true, partitions: [{ number: 1, size: 0, gpttype: "8300" }] }],
  filesystems: [{ path: "/", device: "/dev/vda1", format: "ext4", label: "root" }],
};
const SUPER = {
  id: "super",
  partitionid: "fra",
  prefixes: ["10.0.0.0/16"],
  destinationprefixes: [],
  privatesuper: true,
  defaultchildprefixlength: { IPv4: 22 },
};

const UNDERLAY = {
  id: "underlay",
  partitionid: "fra",
  prefixes: ["10.1.0.0/24"],
  destinationprefixes: [],
  underlay: true,
};

/** Commands that print something of what is asked for. */
type Command = readonly [args: string, printed: string | RegExp];

async function printAll(commands: readonly Command[]): Promise<void> {
  const differences: string[] = [];
  for (const [args, printed] of commands) {
    const { code, stdout, stderr } = await metalctl(args.split(" ").map((word) => (word === KEY ? PUBLIC_KEY : word)));
    const right = code === 0 && (typeof printed === "string" ? stdout.includes(printed) : printed.test(stdout));
    if (!right) differences.push(`metalctl ${args}: wanted ${printed}, got ${code} ${stderr}${stdout}`);
  }
  expect(differences.join("\n")).toBe("");
}

/** Each of them in every format. */
const inEveryFormat = (args: string, printed: string, template = "{{.id}}"): Command[] =>
  FORMATS.map((format) => [`${args} -o ${format}${format === "template" ? ` --template ${template}` : ""}`, printed]);

describe("the original's metalctl", () => {
  it("speaks to the server", async () => {
    await printAll([
      ["health", "healthy"],
      ["version", "metal-api"],
    ]);
  });

  it(
    "makes, changes, shows and takes back every noun",
    async () => {
      const failed: string[] = [];
      for (const noun of nouns(region.files))
        await live(noun).catch((error: Error) => failed.push(`${titleOf(noun)}: ${error.message}`));
      expect(failed.join("\n\n")).toBe("");
    },
    PHASE_MS,
  );

  it(
    "allocates networks and machines",
    async () => {
      await print(["network", "create", "-f", "-"], [SUPER, UNDERLAY]);
      await print(["filesystemlayout", "create", "-f", "-"], [LAYOUT]);
      const allocated = await print(
        `network allocate --name private --project ${PROJECT} --partition fra -o json`.split(" "),
      );
      const { id: network } = JSON.parse(allocated) as { id: string };
      const of = (id: string) =>
        `--id ${id} --project ${PROJECT} --image debian-12.0 --hostname h1 --networks ${network} -p ${KEY}`;
      await printAll([
        ["network list --project " + PROJECT, network],
        ["network list --parent super", network],
        ["network list --prefixes 10.0.0.0/22", network],
        ["network list --addressfamily IPv4", network],
        ["size list", "v1-small"],
        ["size suggest --machine-id " + M1, "cores"],
        ["size reservation usage", "seeds"],
        ["size imageconstraint try --size v1-small --image debian-12.0", ""],
        ["partition capacity", "v1-small"],
        ["partition capacity -o wide", "v1-small"],
        ["filesystemlayout try --size v1-small --image debian-12.0.20261101", "default"],
        [`filesystemlayout match --machine ${M1} --filesystemlayout default`, "default"],
        [`machine create ${of(M1)} --name web`, M1],
        [`firewall create ${of(M2)} --name fw --firewall-rules-file=`, M2],
        ["image list --show-usage", "debian-12.0"],
      ]);
      for (const machine of region.machines) await install(region.world, machine, "open sesame");
    },
    PHASE_MS,
  );

  it(
    "shows machines, firewalls and switches in every format, and finds them by their fields",
    async () => {
      const finds = [
        "id " + M1,

        "hostname h1",
        "partition fra",
        "rack r1",
        "size v1-small",
        "project " + PROJECT,
      ];
      await printAll([
        ...inEveryFormat("machine list", M1),
        ...inEveryFormat("machine describe " + M1, M1),
        ...inEveryFormat("firewall list", M2),
        ...inEveryFormat("firewall describe " + M2, M2),
        ...inEveryFormat("switch list", "leaf01"),
        ...inEveryFormat("switch describe leaf01", "leaf01"),
        ...inEveryFormat("switch connected-machines", "leaf01", "{{.}}"),
        ["switch detail", "leaf01"],
        ["switch port describe leaf01 --port swp1", "swp1"],
        ...finds.map((field): Command => [`machine list --${field} -o json`, M1]),
        ...["role machine", "image debian-12.0.20261101", "mac 52:54:00:01:01:00"].map((field): Command => [
          `machine list --${field} -o json`,
          M1,
        ]),
        [`machine ipmi --project ${PROJECT}`, M1],
        [`machine ipmi ${M1}`, M1],
        ["machine issues list", ""],
        [`machine logs ${M1}`, "Phoned Home"],
        ["audit list --limit 5 -o json", "metal-api"],
      ]);
    },
    PHASE_MS,
  );

  it(
    "operates machines, and takes them back",
    async () => {
      await printAll([
        [`machine update ${M1} --description shopwindow`, M1],
        [`machine lock ${M1} --description busy`, M1],
        [`machine lock ${M1} --remove`, M1],
        [`machine reserve ${M1} --description mine`, M1],
        [`machine reserve ${M1} --remove`, M1],
        ...["on", "off", "reset", "cycle", "bios", "disk", "pxe"].map((verb): Command => [
          `machine power ${verb} ${M1}`,
          M1,
        ]),
        [`machine identify on ${M1} --description here`, M1],
        [`machine identify off ${M1}`, M1],
        [`machine consolepassword ${M1} --reason testing`, "open sesame"],
        [`vpn key --project ${PROJECT} --reason testing`, ""],
        [`machine delete ${M1}`, M1],
        [`machine delete ${M2}`, M2],
      ]);
      const { rows } = await sql<object>`select uuid from allocations`.execute(region.world.context.db);
      expect(rows).toEqual([]);
    },
    PHASE_MS,
  );

  it(
    "deletes every noun",
    async () => {
      const failed: string[] = [];
      const networks = JSON.parse(await print(["network", "list", "--project", PROJECT, "-o", "json"])) as {
        id: string;
      }[];
      for (const { id } of networks) await print(["network", "free", id]);
      for (const noun of nouns(region.files).reverse())
        await end(noun).catch((error: Error) => failed.push(`${titleOf(noun)}: ${error.message}`));
      expect(failed.join("\n\n")).toBe("");
    },
    PHASE_MS,
  );
});
