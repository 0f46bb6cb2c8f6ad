// What can be done to a switch beyond the generic commands.
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { printing, render } from "../output/printer.ts";
import { switches } from "../resources/catalogue.ts";
import { column, type Doc } from "../resources/resource.ts";
import { addResource } from "./crud.ts";
import { addSwitchAccess } from "./switch-access.ts";
import { addFlags, requestFromFlags } from "./request.ts";

interface Port {
  readonly nic: { readonly name: string; readonly identifier: string; readonly actual: string };
  readonly machine_id: string;
}
type Switch = Doc & {
  readonly id: string;
  readonly nics: readonly Port["nic"][] | null;
  readonly connections: readonly Port[] | null;
};
type Flags = GlobalFlags &
  Record<string, unknown> & { readonly port?: string; readonly size?: string; readonly machineId?: string };

const path = (id: string) => `/v1/switch/${encodeURIComponent(id)}`;

const CONNECTED = [
  column("Switch", "switch"),
  column("Partition", "partition"),
  column("Rack", "rack"),
  column("NIC Name", "nic"),
  column("NIC Identifier", "identifier", "wide"),
  column("NIC State", "state"),
  column("Machine", "machine"),
  column("Size", "size"),
  column("Hostname", "hostname"),
  column("Product Serial", "serial"),
];

const PORT = [column("Name", "name"), column("Desired", "desired"), column("Actual", "actual")];

export function addSwitchCommands(program: Command): void {
  const group = addResource(program, switches);
  addSwitchAccess(group);

  group
    .command("replace <id>")
    .description("put a leaf into replace mode: new hardware that registers under its id gets what its twin has")
    .action(async (id: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const api = apiClient(flags);
      // Whoever leaves it out clears the console command.
      const { rack_id, description, console_command } = await api.get<Switch>(path(id));
      const wanted = { id, rack_id, description, console_command, mode: "replace" };
      const answer = await api.post<Doc>("/v1/switch", wanted);
      console.log(render([answer], switches.columns, printing(flags), true));
    });

  group
    .command("migrate <old> <new>")
    .description(
      "move machine connections and networks from one switch to another of its rack; undo it the other way round",
    )
    .action(async (old_switch_id: string, new_switch_id: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const answer = await apiClient(flags).post<Doc>("/v1/switch/migrate", { old_switch_id, new_switch_id });
      console.log(render([answer], switches.columns, printing(flags), true));
    });

  addFlags(group.command("connected-machines"), switches.filters ?? [])
    .description("switches with the machines connected to them")
    .option("--size <id>", "only machines of this size")
    .option("--machine-id <id>", "only this machine")
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const api = apiClient(flags);
      const { machineId: id, size } = flags;
      const [found, machines] = await Promise.all([
        api.post<Switch[]>("/v1/switch/find", requestFromFlags(switches.filters ?? [], flags)),
        api.post<Doc[]>("/v1/machine/ipmi/find", id ? { id } : size ? { sizeid: size } : {}),
      ]);
      console.log(render(connectedRows(found, machines), CONNECTED, printing(flags)));
    });

  const port = group.command("port").description("switch a port on and off");
  const onPort = (name: string, help: string, ask: (id: string, nic: string, flags: Flags) => Promise<Switch>) =>
    port
      .command(`${name} <id>`)
      .description(help)
      .requiredOption("--port <port>", "the port")
      .action(async (id: string, _, command: Command) => {
        const flags = command.optsWithGlobals<Flags>();
        const row = portRow(await ask(id, flags.port!, flags), flags.port!);
        console.log(render([row], PORT, printing(flags, "table"), true));
      });
  onPort("describe", "the state of a port", (id, _, flags) => apiClient(flags).get(path(id)));
  for (const status of ["UP", "DOWN"])
    onPort(status.toLowerCase(), `set a port ${status.toLowerCase()}`, (id, nic, flags) =>
      apiClient(flags).post(`${path(id)}/port`, { nic, status }),
    );
}

function connectedRows(found: readonly Switch[], machines: readonly Doc[]): Doc[] {
  const byId = new Map(machines.map((machine) => [machine["id"], machine]));
  return found.flatMap((leaf) =>
    (leaf.connections ?? []).flatMap(({ nic, machine_id: id }): Doc[] => {
      const machine = byId.get(id) as
        | { size?: { id: string }; allocation?: { hostname: string }; ipmi?: { fru?: { product_serial?: string } } }
        | undefined;
      if (!machine) return [];
      return [
        {
          switch: leaf.id,
          partition: (leaf["partition"] as Doc | undefined)?.["id"],
          rack: leaf["rack_id"],
          nic: nic.name,
          identifier: nic.identifier,
          state: nic.actual,
          machine: id,
          size: machine.size?.id,
          hostname: machine.allocation?.hostname,
          serial: machine.ipmi?.fru?.product_serial,
        },
      ];
    }),
  );
}

/** `nics` has what is wished for, `connections` what is. */
function portRow({ id, nics, connections }: Switch, name: string): Doc {
  const same = (nic: Port["nic"]) => nic.name.toLowerCase() === name.toLowerCase();
  const wished = nics?.find(same);
  if (!wished) throw new Error(`switch ${id} has no port "${name}"`);
  return { name: wished.name, desired: wished.actual, actual: connections?.find(({ nic }) => same(nic))?.nic.actual };
}
