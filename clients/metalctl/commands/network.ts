import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { print, printing, render } from "../output/printer.ts";
import { show, watchable } from "../output/watch.ts";
import { ALLOCATE_FLAGS, ip, network } from "../resources/network.ts";
import { newestEvent } from "../resources/machine.ts";
import { field, type Doc } from "../resources/resource.ts";
import { addResource } from "./crud.ts";
import { addFlags, requestFromFlags } from "./request.ts";
import { examples } from "./examples.ts";

type Flags = GlobalFlags & Record<string, unknown>;

/** Adds `network`, `network allocate`, `network free` and `network ip`. */
export function addNetworkCommands(program: Command): void {
  const group = addResource(program, network);
  addFlags(
    examples(
      group.command("allocate").description("a private network for a project"),
      ["of the usual size", "--name web --project $PROJECT --partition fra-equ01"],
      [
        "small, for others to join, with NAT",
        "--name dmz --project $PROJECT --partition fra-equ01 --dmz --ipv4-prefix-length 26",
      ],
    ),
    ALLOCATE_FLAGS,
  )
    .option("--dmz", "shared, with NAT and the default route")
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const dmz = flags["dmz"] === true ? { shared: true, nat: true, destinationprefixes: ["0.0.0.0/0"] } : {};
      const made = await apiClient(flags).post<Doc>("/v1/network/allocate", {
        ...requestFromFlags(ALLOCATE_FLAGS, flags),
        ...dmz,
      });
      print(render([made], network.columns, printing(flags, "yaml"), true));
    });
  examples(group.command("free <id>").description("give a private network back"), [
    "when its machines are gone",
    "$NETWORK",
  ]).action(async (id: string, _, command: Command) => {
    const flags = command.optsWithGlobals<Flags>();
    const freed = await apiClient(flags).delete<Doc>(`/v1/network/free/${encodeURIComponent(id)}`);
    print(render([freed], network.columns, printing(flags, "yaml"), true));
  });
  addIssues(addResource(group, ip));
}

interface Ip {
  readonly type: string;
  readonly description?: string;
  readonly name?: string;
  readonly tags?: readonly string[] | null;
}
const MACHINE_TAG = "machine.metal-stack.io/id=";

/** What hints that nobody needs an address any more (reference/platform-services.md 3.2). */
function* leaksOf({ description, name = "", tags }: Ip, machines: ReadonlyMap<unknown, Doc>): Generator<string> {
  const untagged = (tags ?? []).length === 0;
  if (untagged && description === "autoassigned") yield "autoassigned, but no tags";
  if (untagged && name.startsWith("metallb-")) yield `metallb ip without tags ${description ?? ""}`.trim();
  for (const tag of (tags ?? []).filter((entry) => entry.startsWith(MACHINE_TAG))) {
    const owner = machines.get(tag.slice(MACHINE_TAG.length));
    const inUse =
      owner?.["liveliness"] === "Alive" && owner["allocation"] && newestEvent(owner)?.event === "Phoned Home";
    if (!inUse) yield "bound to unallocated machine";
    else if (field("allocation.name")(owner) !== name) yield "hostname mismatch";
  }
}

function addIssues(group: Command): void {
  const issues = examples(
    group.command("issues").description("ephemeral addresses that nobody seems to need any more"),
    ["with their ids", "-o wide"],
  );
  watchable(issues).action(async (_, command: Command) => {
    const flags = command.optsWithGlobals<Flags>();
    const how = printing(flags);
    await show(flags, async () => {
      const api = apiClient(flags);
      const [ips, found] = await Promise.all([api.get<(Doc & Ip)[]>("/v1/ip"), api.get<Doc[]>("/v1/machine")]);
      const machines = new Map(found.map((machine) => [machine["id"], machine]));
      const rows = ips
        .filter(({ type }) => type !== "static")
        .flatMap((address) => [...leaksOf(address, machines)].map((description): Doc => ({ ...address, description })));
      return render(rows, ip.columns, how);
    });
  });
}
