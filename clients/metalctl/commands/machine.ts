// The machine commands beyond the generic ones: allocate, free, power, identify, reserve, lock, issues, logs, why, …
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { age } from "../output/age.ts";
import { printing, render, type Column } from "../output/printer.ts";
import { FILTERS, icons, lastEventColumns, machine } from "../resources/machine.ts";
import { machinePath } from "../resources/machine-path.ts";
import { column, field, type Doc } from "../resources/resource.ts";
import { addResource } from "./crud.ts";
import { addAllocation } from "./machine-create.ts";
import { addMachineUpdates } from "./firmware.ts";
import { addErase } from "./machine-erase.ts";
import { addMachineConsole } from "./machine-console.ts";
import { addMachineUpdate } from "./machine-tags.ts";
import { addWhy } from "./machine-why.ts";
import { addFlags, requestFromFlags } from "./request.ts";

type Flags = GlobalFlags & Record<string, unknown>;

const POWER = ["on", "off", "reset", "cycle", "bios", "disk", "pxe"] as const;

const IPMI_COLUMNS: readonly Column<Doc>[] = [
  column("ID", "id"),
  { ...icons, in: "table" },
  column("Power", "ipmi.powerstate"),
  column("IP", "ipmi.address"),
  column("Mac", "ipmi.mac"),
  column("Board Part Number", "ipmi.fru.board_part_number"),
  column("Chassis Serial", "ipmi.fru.chassis_part_serial", "wide"),
  column("Product Serial", "ipmi.fru.product_serial", "wide"),
  column("Bios", "bios.version"),
  column("BMC", "ipmi.bmcversion"),
  column("Size", "size.id"),
  column("Partition", "partition.id"),
  column("Rack", "rackid"),
  { header: "Updated", cell: (doc) => age(field("ipmi.last_updated")(doc)) },
];

const JOB_COLUMNS: readonly Column<Doc>[] = [
  column("ID", "id"),
  column("Kind", "kind"),
  column("Phase", "phase"),
  column("Requested By", "requestedby"),
  column("Attempts", "attempts"),
  { header: "Age", cell: (doc) => age(field("created")(doc)) },
  column("Reason", "reason"),
  column("Last Error", "lasterror"),
  column("Next Try", "nexttry", "wide"),
  column("Deadline", "deadline", "wide"),
];

/** Adds `machine` and everything below it. */
export function addMachineCommands(program: Command): void {
  const group = addResource(program, machine);
  addAllocation(group, machine);
  addMachineUpdate(group);
  addWhy(group);
  addErase(group);
  addMachineUpdates(group);

  /** A command on one machine: what it asks of the API, and how the answer is shown. */
  const onMachine = (
    parent: Command,
    name: string,
    help: string,
    ask: (id: string, flags: Flags) => [method: string, path: string, body?: unknown],
    columns: readonly Column<Doc>[] = machine.columns,
  ) =>
    parent
      .command(`${name} <id>`)
      .description(help)
      .action(async (id: string, _, command: Command) => {
        const flags = command.optsWithGlobals<Flags>();
        const [method, path, body] = ask(id, flags);
        const answer = await apiClient(flags).request<Doc | Doc[] | null>(method, path, { body });
        const documents = Array.isArray(answer) ? answer : answer ? [answer] : [];
        console.log(render(documents, columns, printing(flags), !Array.isArray(answer)));
      });

  onMachine(group, "delete", "free a machine: it leaves its network at once, and its disks are erased", (id, flags) => {
    if (flags["removeFromDatabase"] !== true) return ["DELETE", machinePath(id, "free")];
    if (flags.yesIReallyMeanIt !== true)
      throw new Error("removing a machine from the database needs --yes-i-really-mean-it");
    return ["DELETE", machinePath(id)];
  })
    .aliases(["destroy", "rm", "remove", "free"])
    .option("--remove-from-database", "forget the machine instead of freeing it");

  const power = group.command("power").description("switch machines on and off, choose the boot device");
  for (const action of POWER)
    onMachine(power, action, `power ${action}`, (id) => ["POST", machinePath(id, `power/${action}`), {}]);

  onMachine(group, "bmc-rotate", "give the BMC a new password; see how it goes with: machine jobs", (id) => [
    "POST",
    machinePath(id, "bmc/rotate"),
    {},
  ]);

  const identify = group.command("identify").description("the chassis LED");
  for (const state of ["on", "off"] as const) {
    onMachine(identify, state, `LED ${state}`, (id, flags) => [
      "POST",
      machinePath(
        id,
        `power/chassis-identify-led-${state}?description=${encodeURIComponent(field("description")(flags))}`,
      ),
      {},
    ]).option("-d, --description <text>", "why");
  }

  for (const [name, value, help] of [
    ["reserve", "RESERVED", "take a machine out of the pool"],
    ["lock", "LOCKED", "protect a machine from being freed"],
  ] as const) {
    onMachine(group, name, help, (id, flags) => [
      "POST",
      machinePath(id, "state"),
      flags["remove"] === true ? { value: "", description: "" } : { value, description: field("description")(flags) },
    ])
      .option("-d, --description <text>", "why")
      .option("-r, --remove", "undo it");
  }

  onMachine(
    group,
    "jobs",
    "releases and BMC commands: phase, attempts, last error",
    (id) => ["GET", machinePath(id, "jobs")],
    JOB_COLUMNS,
  );
  group
    .command("logs <id>")
    .alias("log")
    .description("provisioning events")
    .action(async (id: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const { events } = await apiClient(flags).get<{ events: { log: Doc[] } }>(machinePath(id));
      console.log(
        render(
          events.log,
          [column("Time", "time"), column("Event", "event"), column("Message", "message")],
          printing(flags),
        ),
      );
    });

  group
    .command("consolepassword <id>")
    .description("the password of the metal user")
    .requiredOption("--reason <text>", "why you need it")
    .action(async (id: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      // A GET with a body, as the original has it.
      const body = { id, reason: flags["reason"] };
      const answer = await apiClient(flags).request<Doc>("GET", "/v1/machine/consolepassword", { body });
      console.log(field("console_password")(answer));
    });

  const ipmi = addFlags(group.command("ipmi [id]").description("what the BMCs say"), FILTERS).action(
    async (id: string | undefined, _, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const api = apiClient(flags);
      const found = id
        ? [await api.get<Doc>(machinePath(id, "ipmi"))]
        : await api.post<Doc[]>("/v1/machine/ipmi/find", requestFromFlags(FILTERS, flags));
      console.log(render(found, IPMI_COLUMNS, printing(flags, id ? "yaml" : "table"), id !== undefined));
    },
  );

  addMachineConsole(group, ipmi);
  addIssues(group);
}

function addIssues(group: Command): void {
  const issues = addFlags(group.command("issues [id]").description("machines that need a look"), FILTERS)
    .option("--only <ids>", "only these issues")
    .option("--omit <ids>", "all but these issues")
    .option("--severity <severity>", "minor, major or critical at least");
  issues.action(async (id: string | undefined, _, command: Command) => {
    const flags = command.optsWithGlobals<Flags>();
    const list = (value: unknown) => (typeof value === "string" ? value.split(",") : undefined);
    const api = apiClient(flags);
    const query = {
      ...requestFromFlags(FILTERS, flags),
      ...(id ? { id } : {}),
      only: list(flags["only"]),
      omit: list(flags["omit"]),
      severity: flags["severity"],
    };
    const [evaluated, catalogue, machines] = await Promise.all([
      api.post<{ machineid: string; issues: string[] }[] | null>("/v1/machine/issues/evaluate", query),
      api.get<Doc[]>("/v1/machine/issues"),
      api.get<Doc[]>("/v1/machine"),
    ]);
    const described = new Map(catalogue.map((issue) => [String(issue["id"]), String(issue["description"])]));
    const rows = (evaluated ?? []).map(({ machineid, issues }) => ({
      ...machines.find((machine) => machine["id"] === machineid),
      id: machineid,
      issues: issues.map((issue) => `${issue} (${described.get(issue) ?? ""})`).join(", "),
    }));
    const columns = [
      column("ID", "id"),
      column("Allocated", "allocation.hostname"),
      icons,
      ...lastEventColumns,
      column("Issues", "issues"),
    ];
    console.log(render<Doc>(rows, columns, printing(flags)));
  });
  issues
    .command("list")
    .description("all issues there are")
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const columns = [
        column("ID", "id"),
        column("Severity", "severity"),
        column("Description", "description"),
        column("Reference URL", "ref_url"),
      ];
      console.log(render(await apiClient(flags).get<Doc[]>("/v1/machine/issues"), columns, printing(flags)));
    });
}
