// The original's command line and ours with the same words ask the same of an API. It answers with one document to all.
// What differs on purpose is in docs/compatibility.md; this test leaves only that out.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { findMetalctl, type Metalctl, metalctlFor } from "./metalctl.ts";
import { within } from "./within.ts";

/** Built as users get it; a process, as it is no library of ours. */
const BUILD = new URL("../../../clients/metalctl/build.ts", import.meta.url).pathname;
const START_MS = 60_000;
const COMPARE_MS = 240_000;

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

/** Something of every noun. */
const STORED = {
  id: "n1",
  name: "old",
  prefixes: ["10.0.0.0/8", "11.0.0.0/8"],
  destinationprefixes: ["0.0.0.0/0"],
  tags: ["a", "b"],
  meta: { id: "t1", version: 3 },
  partitionids: ["x"],
  allocation: { networks: [] },
  nics: [{ name: "swp1" }],
  connections: [],
};

const ALLOCATION = "-P p -i i -H h --networks n,m:auto,o:noauto --ips 192.0.2.1,192.0.2.2 -p key";

/** What the flags of each command make. */
const FLAGS = [
  `machine create --id m ${ALLOCATION}`,
  `machine create -n nm -d text -s s -S pt ${ALLOCATION} --tags a,b=c --tags d --userdata hello --filesystemlayout f`,
  `machine create --id m ${ALLOCATION} --dnsservers 1.1.1.1,9.9.9.9 --ntpservers a,b -p @key.pub --userdata @key.pub`,
  `firewall create -n nm -s s -S pt ${ALLOCATION} --firewall-rules-file rules.yaml`,
  "machine delete m",
  "machine delete m --remove-from-database",
  "machine reinstall m --image i -d why",
  "machine reserve m -d why",
  "machine reserve m -r",
  "machine lock m -d why",
  "machine lock m --remove",
  ...["on", "off", "reset", "cycle", "bios", "disk", "pxe"].map((action) => `machine power ${action} m`),
  "machine identify on m -d here",
  "machine identify off m",
  "firmware delete --kind bios --vendor v --board b --revision r",
  "network create --id n -n nm -d text -p pt --project p --labels a=b --prefixes 1.0.0.0/8,2.0.0.0/8 --privatesuper --nat",
  "network create --id n --destination-prefixes 0.0.0.0/0 --underlay --vrf 3 --vrfshared --additional-announcable-cidrs 3.0.0.0/8",
  "network create --id n --privatesuper --default-ipv6-child-prefix-length 64 --default-ipv4-child-prefix-length 22",
  "network update n1 --name x --description y --labels a=b --shared --additional-announcable-cidrs 1.0.0.0/8",
  // Of several prefixes the order is random there.
  "network update n1 --remove-prefixes 10.0.0.0/8",
  "network update n1 --add-destinationprefixes 1.1.1.1/32 --remove-destinationprefixes 0.0.0.0/0",
  "network allocate -n nm -d text --project p --partition pt --labels a=b --shared --addressfamily IPv4 --ipv4-prefix-length 24",
  "network allocate -n nm --project p --partition pt --dmz --ipv6-prefix-length 64",
  "network free n",
  "network delete n",
  "network ip create --network n --project p --type ephemeral",
  "network ip create --ipaddress 1.1.1.1 --network n --project p --type static -n nm -d text --tags a,b --addressfamily IPv4",
  "network ip delete 1.1.1.1",
  "partition create --id p -n nm -d text --mgmtserver ms --imageurl iu --kernelurl ku --cmdline cl --dnsservers 1.1.1.1",
  "partition delete p",
  "project delete p",
  "tenant delete t",
  "size create --id s -n nm -d text --type cores --min 1 --max 2",
  "size delete s",
  "size reservation create --id r --amount 2 --size s --project p --partitions a,b --description text --labels a=b",
  "size reservation update n1 --amount 5 --partitions a,b --labels a=b --description x",
  "size reservation delete r",
  "size imageconstraint try --size s --image i",
  "size imageconstraint delete s",
  "image create --id i --url u -n nm -d text --features machine,firewall",
  "image delete i",
  "filesystemlayout try --size s --image i",
  "filesystemlayout match --machine m --filesystemlayout f",
  "filesystemlayout delete f",
  "switch migrate a b",
  "switch port up n1 --port swp1",
  "switch port down n1 --port swp1",
  "switch delete n1",
  "switch delete n1 --force",
  "vpn key --project p --reason r",
  "vpn key --project p --reason r --ephemeral=false",
  "audit list --from 2026-11-23T00:00:00Z --to 2026-11-24T00:00:00Z -q x --component c --request-id r --type http --limit 7",
  "audit list --from 2026-11-23T00:00:00Z --user u --tenant t --detail d --phase request --path p --status-code 400",
  "audit list --from 2026-11-23T00:00:00Z --forwarded-for f --remote-addr a --error e",
];

/** Documents as `describe` prints them, in all ways that files take. */
const DOCUMENTS: Readonly<Record<string, object>> = {
  network: {
    id: "n1",
    name: "nm",
    description: "text",
    partitionid: "p",
    projectid: "pr",
    prefixes: ["1.0.0.0/8"],
    destinationprefixes: ["0.0.0.0/0"],
    labels: { a: "b" },
    nat: true,
    privatesuper: true,
    shared: true,
    vrf: 5,
    vrfshared: true,
    parentnetworkid: "super",
    defaultchildprefixlength: { IPv4: 22 },
    additionalAnnouncableCIDRs: ["2.0.0.0/8"],
  },
  "network ip": { ipaddress: "1.1.1.1", name: "nm", description: "text", projectid: "p", type: "static", tags: ["a"] },
  partition: {
    id: "p",
    name: "nm",
    description: "text",
    mgmtserviceaddress: "ms",
    bootconfig: { imageurl: "i", kernelurl: "k", commandline: "c" },
    dns_servers: [{ ip: "1.1.1.1" }],
    ntp_servers: [{ address: "a" }],
  },
  size: { id: "s", name: "nm", description: "text", constraints: [{ type: "gpu", min: 1, max: 1, identifier: "x" }] },
  "size reservation": {
    id: "r",
    description: "text",
    sizeid: "s",
    projectid: "p",
    partitionids: ["a", "b"],
    amount: 3,
  },
  "size imageconstraint": { id: "s", name: "nm", constraints: { images: { debian: ">= 12" } } },
  image: { id: "i", name: "nm", url: "u", features: ["machine"], classification: "supported" },
  filesystemlayout: {
    id: "f",
    constraints: { sizes: ["s"], images: { debian: "*" } },
    disks: [{ device: "/dev/sda", wipeonreinstall: true, partitions: [{ number: 1, gpttype: "8300", label: "l" }] }],
    filesystems: [{ path: "/", device: "/dev/sda1", format: "ext4", label: "root", mountoptions: ["a"] }],
  },
  project: { meta: { id: "t1", kind: "Project", apiversion: "v1" }, name: "nm", tenant_id: "t" },
  tenant: { meta: { id: "t1", kind: "Tenant", apiversion: "v1" }, name: "nm", quotas: { ip: { quota: 3 } } },
};

const found = findMetalctl();
const folder = mkdtempSync(join(tmpdir(), "metal-requests-"));
const requests: Request[] = [];
let server: Server;
let original: Metalctl;
let ours: Metalctl;

beforeAll(async () => {
  if ("missing" in found) return console.warn(`SKIPPED: requests of both command lines: ${found.missing}`);
  const main = execFileSync(process.execPath, [BUILD, join(folder, "dist")], { encoding: "utf8" }).trim();
  server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (part: string) => (text += part));
    request.on("end", () => {
      const [method = "", path = ""] = [request.method, request.url];
      requests.push({ method, path, body: text === "" ? null : (JSON.parse(text) as unknown) });
      const list = path.endsWith("/find");
      response.writeHead(method === "PUT" ? 201 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(list ? [STORED] : STORED));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metal`;
  original = metalctlFor(found.program, url, folder);
  const node = metalctlFor(process.execPath, url, folder);
  ours = (args, documents) => node([main, ...args], documents);
  writeFileSync(join(folder, "key.pub"), "ssh-ed25519 AAAA me\n");
  const egress = [{ comment: "c", protocol: "TCP", ports: [443], to: ["0.0.0.0/0"] }];
  const ingress = [{ comment: "d", protocol: "UDP", ports: [53], from: ["1.0.0.0/8"], to: ["2.0.0.0/8"] }];
  writeFileSync(join(folder, "rules.yaml"), JSON.stringify({ egress, ingress }));
}, START_MS);
afterAll(async () => {
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  rmSync(folder, { recursive: true });
});
beforeEach((context) => {
  if ("missing" in found) context.skip(found.missing);
});

/** What a command line asks besides reading; `force=false` and an empty description say nothing. */
async function asked(metalctl: Metalctl, words: readonly string[], documents?: readonly object[]): Promise<Request[]> {
  requests.length = 0;
  await metalctl(words, documents);
  return requests
    .filter(({ method }) => method !== "GET")
    .map(({ path, ...rest }) => ({ ...rest, path: path.replace("?force=false", "").replaceAll("%20", "+") }));
}

const places = (all: readonly Request[]) => all.map(({ method, path }) => `${method} ${path}`);

it(
  "flags make the same requests",
  async () => {
    for (const command of FLAGS) {
      // Every call says --yes-i-really-mean-it, which forces what can be forced.
      const words = command.split(" ");
      const [theirs, mine] = [await asked(original, words), await asked(ours, words)];
      expect.soft(theirs, `metalctl ${command} asks something`).not.toEqual([]);
      expect.soft(places(mine), `metalctl ${command}`).toEqual(places(theirs));
      const bodies = [theirs, mine].map((all) => all.map(({ body }) => body));
      expect.soft(within(bodies[0], bodies[1]), `metalctl ${command}`).toEqual([]);
      expect.soft(within(bodies[1], bodies[0]), `metalctl ${command}: more than the original`).toEqual([]);
    }
  },
  COMPARE_MS,
);

it(
  "documents make the same requests, with all that is in them",
  async () => {
    for (const [noun, document] of Object.entries(DOCUMENTS))
      for (const verb of ["create", "update", "apply", "delete"]) {
        const words = [...noun.split(" "), verb, "-f", "-"];
        const [theirs, mine] = [await asked(original, words, [document]), await asked(ours, words, [document])];
        expect.soft(theirs, `metalctl ${words.join(" ")} asks something`).not.toEqual([]);
        expect.soft(places(mine), `metalctl ${words.join(" ")}`).toEqual(places(theirs));
        const bodies = [theirs, mine].map((all) => all.map(({ body }) => body));
        expect.soft(within(bodies[0], bodies[1]), `metalctl ${words.join(" ")}`).toEqual([]);
      }
  },
  COMPARE_MS,
);
