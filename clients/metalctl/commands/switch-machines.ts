// `switch connected-machines`: leaves with the machines at their ports.
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { goDuration } from "../output/duration.ts";
import type { Look } from "../output/look.ts";
import { type Column, isTabular, printing, render } from "../output/printer.ts";
import { sortBy } from "../output/sort.ts";
import { show, watchable } from "../output/watch.ts";
import { icons } from "../resources/machine.ts";
import { column, field, type Doc } from "../resources/resource.ts";
import { type Connection, connectionsOf, switches, type Nic } from "../resources/switch.ts";
import { addFlags, requestFromFlags } from "./request.ts";
import { examples } from "./examples.ts";

type Flags = GlobalFlags & Record<string, unknown> & { readonly size?: string; readonly machineId?: string };

interface Row extends Doc {
  readonly branch: string;
  /** Of a machine's row. */
  readonly nic?: Nic;
}

function nicName({ nic }: Row, { wide, paint }: Look): string {
  if (!nic) return "";
  const name = nic.actual === "UP" ? nic.name : `${nic.name} (${paint("red", nic.actual ?? "")})`;
  const { BgpState: state, bgp_timer_up_established: since } = nic.bgp_port_state ?? {};
  if (!wide || state === undefined) return name;
  const upTime = Math.round(Date.now() / 1000 - (since ?? 0)) * 1000;
  return `${name} (BGP:${state}${state === "Established" ? `(${goDuration(upTime)})` : ""})`;
}

const COLUMNS: readonly Column<Row>[] = [
  { header: "ID", cell: (row) => row.branch + field("id")(row) },
  { header: "", cell: (row, look) => (row.nic ? icons.cell(row, { ...look, wide: false }) : ""), in: "wide" },
  { header: "NIC Name", cell: nicName },
  { header: "Identifier", cell: ({ nic }) => nic?.identifier || nic?.mac || "" },
  column("Partition", "partition.id"),
  { header: "Rack", cell: (row) => field(row.nic ? "rackid" : "rack_id")(row) },
  column("Size", "size.id"),
  column("Hostname", "allocation.hostname", "wide"),
  column("Product Serial", "ipmi.fru.product_serial"),
  column("Chassis Serial", "ipmi.fru.chassis_part_serial"),
];

export function addConnectedMachines(group: Command): void {
  const filters = switches.filters ?? [];
  const command = addFlags(
    examples(
      group.command("connected-machines"),
      ["of a rack", "--partition fra-equ01 --rack rack01"],
      ["where a machine is connected", "--machine-id $MACHINE"],
      [
        "as lines for a spreadsheet",
        "-o template --template '{{ $machines := .machines }}{{ range .switches }}{{ $leaf := .id }}{{ range .connections }}{{ $leaf }},{{ .nic.name }},{{ .machine_id }},{{ (index $machines .machine_id).rackid }}{{ println }}{{ end }}{{ end }}'",
      ],
    ),
    filters,
  )
    .description("switches with the machines connected to them")
    .option("--size <id>", "only machines of this size")
    .option("--machine-id <id>", "only this machine");
  watchable(command).action(async (_, self: Command) => {
    const flags = self.optsWithGlobals<Flags>();
    const { machineId: id, size } = flags;
    const how = printing(flags);
    await show(flags, async () => {
      const api = apiClient(flags);
      const [found, machines] = await Promise.all([
        api.post<Doc[]>("/v1/switch/find", requestFromFlags(filters, flags)),
        api.post<Doc[]>("/v1/machine/ipmi/find", id ? { id } : size ? { sizeid: size } : {}),
      ]);
      const leaves = sortBy(found, undefined, { id: "id" }, "id");
      const byId = Object.fromEntries(machines.map((machine) => [field("id")(machine), machine]));
      if (!isTabular(how.format)) return render<unknown>([{ switches: leaves, machines: byId }], [], how, true);
      const filtered = id !== undefined || size !== undefined;
      return render(
        leaves.flatMap((leaf) => rowsOf(leaf, byId, filtered)),
        COLUMNS,
        how,
      );
    });
  });
}

/** Ports by their numbers: swp2 before swp10. */
const byName = new Intl.Collator("en", { numeric: true });

/** A row for the leaf, and one for each machine below it; a filter that leaves none leaves no leaf. */
function rowsOf(leaf: Doc, machines: Readonly<Record<string, Doc>>, filtered: boolean): Row[] {
  const connections = connectionsOf(leaf)
    .filter(({ machine_id: id }: Connection) => machines[id] !== undefined)
    .toSorted((a, b) => byName.compare(a.nic.name, b.nic.name));
  if (filtered && connections.length === 0) return [];
  return [
    { ...leaf, branch: "" },
    ...connections.map(({ nic, machine_id: id }, at) => ({
      ...machines[id],
      nic,
      branch: at === connections.length - 1 ? "└─╴" : "├─╴",
    })),
  ];
}
