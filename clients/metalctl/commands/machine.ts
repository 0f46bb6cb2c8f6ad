// The machine commands beyond the generic ones: allocate, free, power, identify, reserve, lock, issues, logs, why, …
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { age } from "../output/age.ts";
import { print, printing, render, type Column } from "../output/printer.ts";
import { show, watchable } from "../output/watch.ts";
import { machine } from "../resources/machine.ts";
import { machinePath } from "../resources/machine-path.ts";
import { column, field, type Doc } from "../resources/resource.ts";
import { addResource } from "./crud.ts";
import { addAllocation } from "./machine-create.ts";
import { addMachineUpdates } from "./firmware.ts";
import { addErase } from "./machine-erase.ts";
import { addMachineConsole } from "./machine-console.ts";
import { addMachineIpmi } from "./machine-ipmi.ts";
import { addIssues } from "./machine-issues.ts";
import { addMachineLogs } from "./machine-logs.ts";
import { addWhy } from "./machine-why.ts";
import { examples } from "./examples.ts";

type Flags = GlobalFlags & Record<string, unknown>;

const POWER = ["on", "off", "reset", "cycle", "bios", "disk", "pxe"] as const;

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
  addWhy(group);
  addErase(group);
  addMachineUpdates(group);

  /** A command on one machine: what it asks of the API, and how the answer is shown. */
  const onMachine = (
    parent: Command,
    name: string,
    help: string,
    ask: (id: string, flags: Flags) => [method: string, path: string, body?: unknown],
  ) =>
    examples(parent.command(`${name} <id>`).description(help), ["one machine", "$MACHINE"]).action(
      async (id: string, _, command: Command) => {
        const flags = command.optsWithGlobals<Flags>();
        const [method, path, body] = ask(id, flags);
        const answer = await apiClient(flags).request<Doc | null>(method, path, { body });
        print(render(answer ? [answer] : [], machine.columns, printing(flags), true));
      },
    );

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
    ]).option("-d, --description <text>", "why", state === "off" ? "Triggered by metalctl" : undefined);
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

  const jobs = examples(
    group.command("jobs <id>").description("releases and BMC commands: phase, attempts, last error"),
    ["until they are done", "$MACHINE --watch"],
  );
  watchable(jobs).action(async (id: string, _, command: Command) => {
    const flags = command.optsWithGlobals<Flags>();
    const how = printing(flags);
    await show(flags, async () => render(await apiClient(flags).get<Doc[]>(machinePath(id, "jobs")), JOB_COLUMNS, how));
  });
  addMachineLogs(group);
  examples(group.command("consolepassword <id>").description("the password of the metal user"), [
    "with a reason, which is kept",
    "$MACHINE --reason 'network is down'",
  ])
    .requiredOption("--reason <text>", "why you need it")
    .action(async (id: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      // A GET with a body, as the original has it.
      const body = { id, reason: flags["reason"] };
      const answer = await apiClient(flags).request<Doc>("GET", "/v1/machine/consolepassword", { body });
      console.log(field("console_password")(answer));
    });

  addMachineConsole(group, addMachineIpmi(group));
  addIssues(group);
}
