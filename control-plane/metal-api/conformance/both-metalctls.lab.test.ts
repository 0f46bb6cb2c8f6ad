// The original's command line and ours with the same words at the same API: they print the same, for every command that
// reads, in every format. What differs on purpose is in docs/compatibility.md; this test leaves only that out.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { install } from "./machines.ts";
import { findMetalctl, type Metalctl, metalctlFor } from "./metalctl.ts";
import { nouns } from "./nouns.ts";
import { type Region, startRegion } from "./region.ts";
import { M1, M2, PROJECT } from "./story/row.ts";
import { within } from "./within.ts";

/** Built as users get it; a process, as it is no library of ours. */
const BUILD = new URL("../../../clients/metalctl/build.ts", import.meta.url).pathname;
/** What the original's commands have: of those of the kind "sort", the keys that a list is sorted by. */
const FACTS = new URL("../../../clients/metalctl/testdata/original.tsv", import.meta.url).pathname;
const START_MS = 180_000;
const COMPARE_MS = 240_000;
const PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
const found = findMetalctl();

let folder: string;
let region: Region;
let original: Metalctl;
let ours: Metalctl;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "metal-both-"));
  if ("missing" in found) return console.warn(`SKIPPED: both command lines: ${found.missing}`);
  const main = execFileSync(process.execPath, [BUILD, join(folder, "dist")], { encoding: "utf8" }).trim();
  region = await startRegion(folder);
  original = metalctlFor(found.program, region.url, folder);
  const node = metalctlFor(process.execPath, region.url, folder);
  ours = (args, documents) => node([main, ...args], documents);
  await furnish();
}, START_MS);
afterAll(async () => {
  await region?.close();
  rmSync(folder, { recursive: true });
});
beforeEach((context) => {
  if ("missing" in found) context.skip(found.missing);
});

async function made(args: string, documents?: readonly object[]): Promise<string> {
  const words = args.split(" ").map((word) => (word === "KEY" ? PUBLIC_KEY : word));
  const { code, stdout, stderr } = await original(words, documents);
  if (code !== 0) throw new Error(`metalctl ${args}: ${stderr}${stdout}`);
  return stdout;
}

/** A region with something of everything: a machine, a firewall, networks with children, an address, a locked machine. */
async function furnish(): Promise<void> {
  for (const { command, document } of nouns(region.files)) await made(`${command.join(" ")} create -f -`, [document]);
  // An image with a name: of one without, we show the id.
  const image = JSON.parse(await made("image describe debian-12.0.20261101 -o json")) as object;
  await made("image update -f -", [{ ...image, name: "Debian 12", url: `${region.files}/debian` }]);
  await made("filesystemlayout create -f -", [
    {
      id: "default",
      constraints: { sizes: ["v1-small"], images: { debian: "*" } },
      disks: [{ device: "/dev/vda", wipeonreinstall: true, partitions: [{ number: 1, size: 0, gpttype: "8300" }] }],
      filesystems: [
        { path: "/var", device: "/dev/vda1", format: "ext4", label: "var" },
        { path: "/", device: "/dev/vda1", format: "ext4", label: "root" },
      ],
    },
  ]);
  await made("network create -f -", [
    {
      id: "super",
      partitionid: "fra",
      prefixes: ["10.0.0.0/16"],
      privatesuper: true,
      defaultchildprefixlength: { IPv4: 22 },
    },
    { id: "underlay", partitionid: "fra", prefixes: ["10.1.0.0/24"], underlay: true },
  ]);
  // Whose order as texts is not that as numbers.
  for (const last of [100, 20, 3])
    await made(
      `network ip create --network internet --project ${PROJECT} --ipaddress 203.0.113.${last} -n ip${last} --tags t=${last}`,
    );
  await made("tenant create --id beta --name Beta --description t --annotations a=b --labels x --machine-quota 10");
  await made("project create --name second --description text --tenant beta --label l --annotation k=v --ip-quota 3");
  await made(
    `partition create --id aaa -n Zebra -d first --imageurl ${region.files}/initrd --kernelurl ${region.files}/kernel`,
  );
  await made(`size reservation create --id ten --size v1-small --project ${PROJECT} --partitions fra --amount 10`);
  const allocated = await made(`network allocate --name private --project ${PROJECT} --partition fra -o json`);
  const { id: network } = JSON.parse(allocated) as { id: string };
  await made(`network allocate --name second --project ${PROJECT} --partition fra --labels a=b`);
  const of = (id: string) =>
    `--id ${id} --project ${PROJECT} --image debian-12.0 --hostname h1 --networks ${network} -p KEY --tags x,y=z`;
  await made(`machine create ${of(M1)} --name web`);
  await made(`firewall create ${of(M2)} --name fw --firewall-rules-file=`);
  for (const machine of region.machines) await install(region.world, machine, "open sesame");
  await made(`machine lock ${M1} --description busy`);
  await made(`machine identify on ${M2} --description here`);
}

/** Commands that read. Audit entries, of which every call makes some, are read up to a time that is over. */
const commands = (until: string): string[] => [
  ...NOUNS.map((noun) => `${noun} list`),
  "image list --show-usage",
  "machine list --sort-by id:desc",
  "network list --sort-by name",
  "network list --parent super",
  "size reservation usage",
  "partition capacity",
  "machine ipmi",
  "machine ipmi chassis-list",
  "machine issues --omit bmc-info-outdated,liveliness-unknown",
  "machine issues list",
  `machine logs ${M1}`,
  "switch detail",
  "switch connected-machines",
  `switch connected-machines --machine-id ${M1}`,
  "network ip issues",
  `audit list --limit 5 --to ${until}`,
  "tenant describe acme",
  `project describe ${PROJECT}`,
  "partition describe fra",
  "size describe v1-small",
  "image describe debian-12.0.20261101",
  "filesystemlayout describe default",
  "size reservation describe seeds",
  "size imageconstraint describe v1-small",
  "network describe internet",
  "network ip describe 203.0.113.9",
  `machine describe ${M1}`,
  `firewall describe ${M2}`,
  "switch describe leaf01",
  `machine ipmi ${M1}`,
  "filesystemlayout try --size v1-small --image debian-12.0.20261101",
  `filesystemlayout match --machine ${M1} --filesystemlayout default`,
  `size suggest proposed --machine-id ${M1}`,
];

/** Every key that the original sorts a list by, both ways. BMCs of machines are not sorted by image there, other than it says. */
const SORTED = readFileSync(FACTS, "utf8")
  .split("\n")
  .map((line) => line.split("\t"))
  .filter(([command = "", kind]) => kind === "sort" && command !== "metalctl audit list")
  .flatMap(([command = "", , keys = ""]) => {
    const words = command.replace("metalctl ", "");
    const known = keys.split(" ").filter((key) => key !== "image" || !/ ipmi| issues/.test(words));
    return known.flatMap((key) => [`${words} --sort-by ${key}`, `${words} --sort-by ${key}:desc`]);
  });

/** Some find all, some a part, some nothing. */
const FILTERED: Readonly<Record<string, readonly string[]>> = {
  "machine list": [
    `--id ${M1}`,
    "--partition aaa",
    "--size big",
    "--rack r9",
    "--state LOCKED",
    `--project ${PROJECT}`,
    "--image debian-12.0.20261101",
    "--hostname h1",
    "--role firewall",
    "--tags x",
    "--tags y=z,x",
    "--network-ids internet",
    "--network-destination-prefixes 0.0.0.0/0",
    "--mac 00:00:00:00:00:01",
    "--manufacturer nobody",
  ],
  "firewall list": [`--id ${M2}`, "--hostname h1", "--tags x", "--size big"],
  "network list": [
    "--id internet",
    "--name private",
    "--partition fra",
    `--project ${PROJECT}`,
    "--parent super",
    "--nat",
    "--privatesuper",
    "--underlay",
    "--prefixes 10.0.0.0/16",
    "--destination-prefixes 0.0.0.0/0",
    "--addressfamily IPv4",
    "--addressfamily IPv6",
  ],
  "network ip list": [
    "--ipaddress 203.0.113.9",
    "--network internet",
    "--name ip20",
    "--type static",
    "--type ephemeral",
    "--tags t=3",
    "--prefix 203.0.113.0/24",
    `--machineid ${M2}`,
    "--addressfamily IPv6",
  ],
  "image list": ["--id ubuntu-24.04.20260101", "--os debian", "--version 12.0.20261101", "--features firewall"],
  "project list": [`--id ${PROJECT}`, "--name second", "--tenant beta"],
  "tenant list": ["--id beta", "--name Beta", "--annotations a=b"],
  "size reservation list": ["--id ten", "--size v1-small", "--partition fra", "--size big"],
  "size reservation usage": ["--size-id v1-small", "--partition fra"],
  "switch list": ["--id leaf01", "--partition aaa", "--rack r1", "--os-vendor SONiC"],
  "switch detail": ["--id leaf01", "--rack r9"],
  "switch connected-machines": ["--size v1-small", "--size big", "--id leaf02"],
  "partition capacity": ["--id fra", "--size v1-small", `--project-id ${PROJECT}`],
  "machine ipmi": [`--id ${M1}`, "--rack r9", "--partition fra"],
  "machine issues": [M1, "--only bmc-no-distinct-ip", "--severity critical"],
  "machine logs": [`${M1} --last-event-error-threshold 1h`],
  "size list": ["-o markdown", "-o wide"],
};

/** One template for all documents, then what the language has. */
const TEMPLATES: readonly (readonly [command: string, template: string])[] = [
  ["machine list", "{{ .id }}:{{ .size.id }}"],
  ["network ip list", "{{ .ipaddress }} {{ .projectid }}"],
  ["partition describe fra", "{{ .bootconfig.kernelurl }}"],
  ["machine list", "{{ with .allocation }}{{ .hostname | upper }} {{ .image.id }}{{ else }}free{{ end }}"],
  [
    "machine list",
    "{{ range $i, $n := .allocation.networks }}{{ if $i }}, {{ end }}{{ $n.networkid }}={{ join `;` $n.ips }}{{ end }}",
  ],
  ["machine list", '{{ if eq .allocation.role "firewall" }}{{ .id }}{{ end }}'],
  ["machine list", '{{ .id | trunc 8 }} {{ len .tags }} {{ index .tags 0 }} {{ printf "%-10s|" .size.id }}'],
  ["machine list", "{{ (index .events.log 0).event }} {{ len .events.log }} {{ .hardware.memory }}"],
  ["network list", "{{ .id }} {{ .nat | ternary `nat` `-` }} {{ range .prefixes }}<{{ . }}>{{ end }}"],
  ["network list", "{{- /* those of a project */ -}} {{ if and .projectid (not .privatesuper) }}{{ .name }}{{ end }}"],
  ["size list", "{{ range .constraints }}{{ .type }} {{ .min }}-{{ .max }} {{ end }}"],
  ["image list", "{{ .id }} {{ .features | sortAlpha | join `+` }} {{ .nothing }} {{ default `none` .name }}"],
  ["project list", "{{ .meta.id }} {{ .tenant_id }} {{ .meta.annotations }} {{ .meta.labels }}"],
  ["switch list", "{{ .id }}{{ range .nics }} {{ .name }}{{ end }}"],
  [
    "switch connected-machines",
    "{{ $machines := .machines }}{{ range .switches }}{{ $leaf := .id }}{{ range .connections }}{{ $leaf }},{{ .nic.name }},{{ (index $machines .machine_id).rackid }};{{ end }}{{ end }}",
  ],
  ["partition capacity", "{{ range .servers }}{{ .size }} {{ .total }}{{ println }}{{ end }}"],
];

/** Which end without success, in both. */
const REFUSED = [
  "machine describe nobody",
  "switch describe nobody",
  "network describe nobody",
  "machine list --sort-by nothing",
  "machine list -o nothing",
  "size describe",
  "size apply -f /nowhere",
  "size create --no-such-flag",
  "no-such-command",
  "network allocate",
  "machine create -f - --project x",
];

const NOUNS = [
  "tenant",
  "project",
  "partition",
  "size",
  "size reservation",
  "size imageconstraint",
  "image",
  "filesystemlayout",
  "network",
  "network ip",
  "machine",
  "firewall",
  "switch",
];

/** Ages go on between two calls; the width of a column goes with them. Rules of Markdown are as wide as their columns. */
const steady = (text: string) =>
  stripVTControlCharacters(text)
    .replaceAll(/\b\d+[dhms]( \d+[hms])?\b/g, "AGE")
    .replaceAll(/[\u00a0\u2007\u202f]/g, " ")
    .split("\n")
    .filter((line) => !/^[|-]+$/.test(line))
    .map((line) => line.trimEnd().replaceAll(/ {2,}/g, line.startsWith("|") ? " " : "  "))
    .join("\n");

describe("both command lines", () => {
  it.each(["table", "wide", "markdown"])(
    "print the same %s",
    async (format) => {
      const until = new Date().toISOString();
      for (const command of commands(until)) {
        const words = [...command.split(" "), "-o", format, "--force-color"];
        const [theirs, mine] = [await original(words), await ours(words)];
        expect
          .soft(steady(mine.stdout + mine.stderr), `metalctl ${words.join(" ")}`)
          .toBe(steady(theirs.stdout + theirs.stderr));
      }
    },
    COMPARE_MS,
  );

  it.each(["json", "yaml"])(
    "print the same %s, but for empty fields and what the original does not know",
    async (format) => {
      const until = new Date().toISOString();
      // A suggested size was made at the moment, says the original.
      for (const command of commands(until).filter((each) => !each.startsWith("size suggest"))) {
        const words = [...command.split(" "), "-o", format];
        const [theirs, mine] = [await original(words), await ours(words)];
        const all = format === "json" ? JSON.parse(theirs.stdout) : undefined;
        if (all !== undefined)
          expect.soft(within(all, JSON.parse(mine.stdout)), `metalctl ${words.join(" ")}`).toEqual([]);
        // YAML: the lines of the original are among ours, in their order.
        else expect.soft(linesWithin(theirs.stdout, mine.stdout), `metalctl ${words.join(" ")}`).toEqual([]);
      }
    },
    COMPARE_MS,
  );

  const same = async (words: readonly string[]) => {
    const [theirs, mine] = [await original(words), await ours(words)];
    expect
      .soft([mine.code, steady(mine.stdout)], `metalctl ${words.join(" ")}`)
      .toEqual([theirs.code, steady(theirs.stdout)]);
  };

  it(
    "fill the same templates",
    async () => {
      const ids = "{{ .id }} {{ .meta.id }} {{ .ipaddress }} {{ .rqid }}";
      const until = new Date().toISOString();
      const all = commands(until).map((command) => [command, ids] as const);
      for (const [command, template] of [...all, ...TEMPLATES])
        await same([...command.split(" "), "-o", "template", "--template", template]);
    },
    COMPARE_MS,
  );

  it(
    "sort in the same order",
    async () => {
      for (const command of SORTED) await same([...command.split(" "), "--force-color"]);
    },
    COMPARE_MS,
  );

  it(
    "filter the same",
    async () => {
      for (const [command, filters] of Object.entries(FILTERED))
        for (const filter of filters)
          await same([...command.split(" "), ...filter.split(" "), "--no-headers", "--force-color"]);
    },
    COMPARE_MS,
  );

  it("end without success for the same", async () => {
    for (const command of REFUSED) {
      const words = command.split(" ");
      const codes = [(await original(words)).code, (await ours(words)).code];
      expect.soft(codes, `metalctl ${command}`).toEqual([1, 1]);
    }
  });
});

/** Lines of the original's YAML that ours does not have, without those of empty fields. */
function linesWithin(theirs: string, mine: string): string[] {
  const here = new Set(yamlLines(mine));
  return yamlLines(theirs).filter((line) => !here.has(line) && !EMPTY_LINE.test(line));
}

const EMPTY_LINE = /(^|: )(null|\[\]|\{\}|0|false|0001-01-01.*|)$/;

/** Without dashes, as which key begins an entry depends on which there are, and without quotes, of which YAML has two. */
const yamlLines = (text: string) =>
  text.split("\n").map((line) => {
    const [, key = "", value = ""] = /^[\s-]*([^\s"':]+: )?(.*)$/.exec(line)!;
    const [, double, single] = /^(?:"(.*)"|'(.*)')$/.exec(value) ?? [];
    return (key + (double?.replaceAll(/\\(.)/g, "$1") ?? single?.replaceAll("''", "'") ?? value)).trim();
  });
