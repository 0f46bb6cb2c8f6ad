// What can be done to a switch beyond the generic commands.
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { Refusal } from "../errors.ts";
import { print, printing, render } from "../output/printer.ts";
import { connectionsOf, nicsOf, switches } from "../resources/switch.ts";
import { column, field, type Doc } from "../resources/resource.ts";
import { addResource } from "./crud.ts";
import { addSwitchAccess } from "./switch-access.ts";
import { addConnectedMachines } from "./switch-machines.ts";
import { examples } from "./examples.ts";

type Flags = GlobalFlags & Record<string, unknown> & { readonly port?: string };

const path = (id: string) => `/v1/switch/${encodeURIComponent(id)}`;

const PORT = [
  column("Name", "desired.name"),
  column("Desired", "desired.actual"),
  column("Actual", "actual.nic.actual"),
];

export function addSwitchCommands(program: Command): void {
  const group = addResource(program, switches);
  addSwitchAccess(group);

  examples(
    group
      .command("replace <id>")
      .description("put a leaf into replace mode: new hardware that registers under its id gets what its twin has"),
    ["before it is taken out of the rack", "leaf01"],
  ).action(async (id: string, _, command: Command) => {
    const flags = command.optsWithGlobals<Flags>();
    const api = apiClient(flags);
    // Whoever leaves it out clears the console command.
    const { rack_id, description, console_command } = await api.get<Doc>(path(id));
    const wanted = { id, rack_id, description, console_command, mode: "replace" };
    const answer = await api.post<Doc>("/v1/switch", wanted);
    print(render([answer], switches.columns, printing(flags, "yaml"), true));
  });

  examples(
    group
      .command("migrate <old> <new>")
      .description(
        "move machine connections and networks from one switch to another of its rack; undo it the other way round",
      ),
    ["to a switch that is cabled the same", "leaf01 leaf02"],
  ).action(async (old_switch_id: string, new_switch_id: string, _, command: Command) => {
    const flags = command.optsWithGlobals<Flags>();
    const answer = await apiClient(flags).post<Doc>("/v1/switch/migrate", { old_switch_id, new_switch_id });
    print(render([answer], switches.columns, printing(flags, "yaml"), true));
  });

  addConnectedMachines(group);

  const port = group
    .command("port")
    .description("switch a port on and off")
    .option("--port <port>", "the port; it may also stand behind the command below");
  const onPort = (name: string, help: string, ask: (id: string, nic: string, flags: Flags) => Promise<Doc>) =>
    examples(port.command(`${name} <id>`).description(help), ["one port", "leaf01 --port swp1"])
      .option("--port <port>", "the port")
      .action(async (id: string, _, command: Command) => {
        const flags = command.optsWithGlobals<Flags>();
        const nic = command.opts<Flags>().port ?? flags.port;
        if (!nic) throw new Refusal("which port?", { next: `--port, one of: metalctl switch describe ${id}` });
        print(render([portOf(await ask(id, nic, flags), nic)], PORT, printing(flags, "yaml"), true));
      });
  onPort("describe", "the state of a port", (id, _, flags) => apiClient(flags).get<Doc>(path(id)));
  for (const status of ["UP", "DOWN"])
    onPort(status.toLowerCase(), `set a port ${status.toLowerCase()}`, (id, nic, flags) =>
      apiClient(flags).post<Doc>(`${path(id)}/port`, { nic, status }),
    );
}

/** `nics` has what is wished for, `connections` what is. */
function portOf(leaf: Doc, name: string): Doc {
  const same = (nic: { readonly name: string }) => nic.name.toLowerCase() === name.toLowerCase();
  const desired = nicsOf(leaf).find(same);
  if (!desired)
    throw new Refusal(`switch ${field("id")(leaf)} has no port "${name}"`, {
      next: `one of: ${nicsOf(leaf)
        .map((nic) => nic.name)
        .join(", ")}`,
    });
  const actual = connectionsOf(leaf).find(({ nic }) => same(nic));
  return { ...(actual && { actual }), desired };
}
