// Ways to a switch, and what its ports let through.
import { spawnSync } from "node:child_process";
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { isTabular, printing, render } from "../output/printer.ts";
import { show, watchable } from "../output/watch.ts";
import { connectionsOf, nicsOf, switches } from "../resources/switch.ts";
import { column, field, type Doc } from "../resources/resource.ts";
import { addFlags, requestFromFlags } from "./request.ts";
import { examples } from "./examples.ts";

const DETAIL = ["Partition", "Rack", "Switch", "Port", "Machine", "VNI - Filter", "CIDR - Filter"].map((header) =>
  column(header, header.toLowerCase()),
);

export function addSwitchAccess(group: Command): void {
  const filters = switches.filters ?? [];
  const detail = examples(group.command("detail").description("ports with their machines and filters"), [
    "of a rack",
    "--partition fra-equ01 --rack rack01",
  ]);
  watchable(addFlags(detail, filters)).action(async (_, command: Command) => {
    const flags = command.optsWithGlobals<GlobalFlags & Record<string, unknown>>();
    const how = printing(flags);
    await show(flags, async () => {
      const found = await apiClient(flags).post<Doc[]>("/v1/switch/find", requestFromFlags(filters, flags));
      return render(isTabular(how.format) ? found.flatMap(detailRows) : found, DETAIL, how);
    });
  });
  const onSwitch = (name: string, help: string, programOf: (leaf: Doc) => string[]) =>
    examples(group.command(`${name} <id>`).description(help), ["from a machine that reaches it", "leaf01"]).action(
      async (id: string, _, command: Command) => {
        const flags = command.optsWithGlobals<GlobalFlags>();
        runAttached(programOf(await apiClient(flags).get<Doc>(`/v1/switch/${encodeURIComponent(id)}`)));
      },
    );
  onSwitch("ssh", "log in to a switch at its management address", (leaf) => {
    const [user, address] = [field("management_user")(leaf), field("management_ip")(leaf)];
    if (!user || !address)
      throw new Error("the switch has reported neither address nor user; restart metal-core on this switch");
    return ["ssh", "--", `${user}@${address}`];
  });
  onSwitch("console", "run the console command of a switch", (leaf) => {
    const words = field("console_command")(leaf).split(/\s+/).filter(Boolean);
    if (words.length === 0)
      throw new Error(
        "the switch has no console_command, such as telnet console-server 7008; give it one: metalctl switch edit",
      );
    return words;
  });
}

/** A program with this terminal; its exit code becomes ours. @throws Error when it cannot be started */
export function runAttached([program, ...args]: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  const { error, status } = spawnSync(program!, args, { stdio: "inherit", env: { ...process.env, ...env } });
  if (error) throw new Error(`cannot run ${program}: ${error.message}`, { cause: error });
  process.exitCode = status ?? 1;
}

/** A row a connected port, and one for each further filter of it. */
function detailRows(leaf: Doc): Doc[] {
  const nics = nicsOf(leaf);
  return connectionsOf(leaf).flatMap(({ nic: { name }, machine_id }) => {
    const filter = nics.find((nic) => nic.name === name)?.filter;
    const [vnis, cidrs] = [filter?.vnis ?? [], filter?.cidrs ?? []];
    const rows = Array.from({ length: Math.max(1, vnis.length, cidrs.length) }, (_, index): Doc => ({
      "vni - filter": vnis[index],
      "cidr - filter": cidrs[index],
    }));
    const port = {
      partition: field("partition.id")(leaf),
      rack: leaf["rack_id"],
      switch: leaf["id"],
      port: name,
      machine: machine_id,
    };
    return [{ ...port, ...rows[0] }, ...rows.slice(1)];
  });
}
