// `machine create` (= allocate): flags and their rules (reference/platform-services.md 3.5).
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { Refusal } from "../errors.ts";
import { print, printing, render } from "../output/printer.ts";
import type { Doc, Flag, Resource } from "../resources/resource.ts";
import { fileAlone, forEachDocument, withFile } from "./bulk.ts";
import { readDocuments } from "./documents.ts";
import { addFlags, textOrFile } from "./request.ts";
import { examples } from "./examples.ts";

type Flags = GlobalFlags & Record<string, string | boolean | readonly string[] | undefined>;

const list = (value: Flags[string]) => (Array.isArray(value) ? (value as readonly string[]) : []);

const FLAGS: readonly Flag[] = [
  ["-n, --name <name>", "name"],
  ["-d, --description <text>", "description"],
  ["-H, --hostname <name>", "hostname"],
  ["-P, --project <id>", "project"],
  ["-S, --partition <id>", "partition"],
  ["-s, --size <id>", "size"],
  ["-I, --id <uuid>", "this very machine"],
  ["-i, --image <id>", "image, e.g. debian-12"],
  ["--filesystemlayout <id>", "instead of the one that matches size and image"],
  ["--networks <networks>", "NET[:auto|:noauto],…", "list"],
  ["--ips <ips>", "addresses that are yours already", "list"],
  ["-p, --sshpublickey <key>", "keys to log in with, or @file; else the first of yours in ~/.ssh"],
  ["--tags <tags>", "tags", "list"],
  ["--userdata <text>", "cloud-init, ignition or a script; text or @file"],
  ["--dnsservers <ips>", "DNS servers", "list"],
  ["--ntpservers <addresses>", "NTP servers", "list"],
].map(([flags = "", help = "", kind]) => ({ flags, help, field: flags, kind: kind === "list" ? "list" : "text" }));

/** "NET", "NET:auto" or "NET:noauto". */
function networkOf(entry: string): { networkid: string; autoacquire: boolean } {
  const [networkid, mode] = entry.split(":", 2).map((part, at) => (at === 0 ? part : part.toLowerCase())) as [
    string,
    string | undefined,
  ];
  if (mode !== undefined && mode !== "auto" && mode !== "noauto")
    throw new Refusal(`--networks: "${entry}" must end in :auto or :noauto`);
  return { networkid, autoacquire: mode !== "noauto" };
}

/** Keys of ssh, in the order in which the original looks for them. */
const SSH_KEYS = ["id_ed25519", "id_ecdsa", "id_rsa", "id_dsa"];

/** The keys that are given, else the user's own. @throws Refusal when there is none: nobody could log in */
function sshKeys(given: string | undefined): string[] {
  if (given)
    return textOrFile(given)
      .split("\n")
      .map((key) => key.trim())
      .filter(Boolean);
  const folder = join(homedir(), ".ssh");
  const found = SSH_KEYS.map((name) => join(folder, `${name}.pub`)).find((file) => existsSync(file));
  if (!found)
    throw new Refusal(`--sshpublickey is not given, and there is no key in ${folder}`, {
      next: "give one, or a file of them: -p @key.pub; ssh-keygen makes a key",
    });
  console.error(`log in with the key of ${found}; -p takes another`);
  return sshKeys(`@${found}`);
}

/** The allocation request that the flags make. @throws Error naming the flag that is missing or wrong */
export function allocationRequest(flags: Flags): Doc {
  for (const name of ["project", "image", "networks", "hostname"])
    if (!flags[name]) throw new Refusal(`--${name} is required`);
  if (!flags["id"] && !(flags["size"] && flags["partition"]))
    throw new Refusal("give either --id, or --size and --partition");
  const networks = list(flags["networks"]).map(networkOf);
  const ips = list(flags["ips"]);
  if (networks.some((network) => !network.autoacquire) && ips.length === 0)
    throw new Refusal("a network with :noauto needs an address of it in --ips");
  const text = (name: string) => (typeof flags[name] === "string" ? textOrFile(flags[name]) : undefined);
  const userData = text("userdata");
  return {
    ...(flags["id"] ? { uuid: flags["id"] } : {}),
    ...(flags["name"] ? { name: flags["name"] } : {}),
    description: flags["description"] ?? "",
    hostname: flags["hostname"],
    projectid: flags["project"],
    partitionid: flags["partition"] ?? "",
    sizeid: flags["size"] ?? "",
    imageid: flags["image"],
    ...(flags["filesystemlayout"] ? { filesystemlayoutid: flags["filesystemlayout"] } : {}),
    networks,
    ips,
    tags: list(flags["tags"]),
    ssh_pub_keys: sshKeys(typeof flags["sshpublickey"] === "string" ? flags["sshpublickey"] : undefined),
    ...(userData === undefined ? {} : { user_data: Buffer.from(userData).toString("base64") }),
    ...(flags["dnsservers"] ? { dns_servers: list(flags["dnsservers"]).map((ip) => ({ ip })) } : {}),
    ...(flags["ntpservers"] ? { ntp_servers: list(flags["ntpservers"]).map((address) => ({ address })) } : {}),
  };
}

/** Adds `create` to machines or firewalls. */
export function addAllocation(group: Command, resource: Resource): Command {
  const image = resource.name === "firewall" ? "firewall-ubuntu-3.0" : "debian-12";
  const create = examples(
    group
      .command("create")
      .alias("allocate")
      .description(`allocate a ${resource.name}: it installs the image and joins the networks`),
    [
      "any that waits; see also: size list, image list, network list",
      `--size c1-large-x86 --partition fra-equ01 --project $PROJECT --hostname web01 --image ${image} --networks $NETWORK,internet -p @~/.ssh/id_ed25519.pub`,
    ],
    [
      "this very one, and show its way until it is in use",
      `--id $MACHINE --project $PROJECT --hostname web01 --image ${image} --networks $NETWORK --wait`,
    ],
    [
      "with an address of yours in the internet",
      `--id $MACHINE --project $PROJECT --hostname web01 --image ${image} --networks $NETWORK,internet:noauto --ips 203.0.113.9`,
    ],
  );
  addFlags(create, FLAGS)
    .option("--wait", "until the machine is in use, and show the way there")
    .option("--wait-timeout <duration>", "how long --wait waits", "30m");
  const own = [...create.options];
  return withFile(create).action(async (_, command: Command) => {
    const flags = command.optsWithGlobals<Flags>();
    const allocate = (request: Doc) => apiClient(flags).post<Doc>(`${resource.path}/allocate`, request);
    if (flags["file"]) {
      fileAlone(command, own);
      return forEachDocument(resource, flags, "create", (doc) => allocate(resource.toCreate?.(doc) ?? doc));
    }
    const allocated = await allocate({ ...allocationRequest(flags), ...rulesOf(flags["firewallRulesFile"]) });
    const { waitUntilInUse } = await import("./machine-wait.ts");
    const shown = flags["wait"] === true ? await waitUntilInUse(allocated, flags) : allocated;
    print(render([shown], resource.columns, printing(flags, "yaml"), true));
  });
}

function rulesOf(file: Flags[string]): Doc {
  if (typeof file !== "string") return {};
  const [rules] = readDocuments(file);
  return { firewall_rules: { egress: rules?.["egress"] ?? [], ingress: rules?.["ingress"] ?? [] } };
}
