// `machine issues`: machines that need a look, and what is wrong with them.
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { truncate } from "../output/age.ts";
import { isTabular, printing, render, type Column } from "../output/printer.ts";
import { sortable, sortBy } from "../output/sort.ts";
import { show, watchable } from "../output/watch.ts";
import { IPMI_SORT, IPMI_SORT_KEYS, power } from "../resources/bmc.ts";
import { bmcStates, ERROR_THRESHOLD, FILTERS, lastEventColumns } from "../resources/machine.ts";
import { machinePath } from "../resources/machine-path.ts";
import { column, field, type Doc, type Flag } from "../resources/resource.ts";
import { durationOf } from "../output/duration.ts";
import { addFlags, requestFromFlags } from "./request.ts";
import { examples } from "./examples.ts";

type Flags = GlobalFlags & Record<string, unknown> & { lastEventErrorThreshold?: string };

const NANOSECONDS_IN_MS = 1e6;
const LOCK_REASON_SHOWN = 30;

/** A machine with one of its issues; of a machine with several, only the first row tells of the machine. */
const FURTHER = " further";
const ISSUE = " issue";

const ofMachine =
  (cell: Column<Doc>["cell"]): Column<Doc>["cell"] =>
  (doc, look) =>
    doc[FURTHER] ? "" : cell(doc, look);
const machineColumn = (header: string, cell: Column<Doc>["cell"], only?: "wide" | "table"): Column<Doc> => ({
  header,
  cell: ofMachine(cell),
  ...(only && { in: only }),
});
const issue = (path: string) => field(`${ISSUE}.${path}`);

const COLUMNS: readonly Column<Doc>[] = [
  machineColumn("ID", field("id")),
  machineColumn("Name", field("allocation.name"), "wide"),
  machineColumn("Partition", field("partition.id"), "wide"),
  machineColumn("Project", field("allocation.project"), "wide"),
  machineColumn("Power", power),
  machineColumn("Allocated", (doc) => (doc["allocation"] ? "yes" : "no"), "table"),
  machineColumn("", bmcStates, "table"),
  machineColumn("State", field("state.value"), "wide"),
  machineColumn("Lock Reason", (doc, { wide }) => {
    const reason = field("state.description")(doc);
    return wide ? reason : truncate(reason, LOCK_REASON_SHOWN);
  }),
  ...lastEventColumns.map((each) => machineColumn(each.header, each.cell)),
  { header: "Issues", cell: (doc) => `${issue("description")(doc)} (${issue("id")(doc)})` },
  { header: "Ref URL", cell: issue("ref_url"), in: "wide" },
  { header: "Details", cell: issue("details"), in: "wide" },
];

const SELECTED: readonly Flag[] = [
  { flags: "--only <ids>", help: "only these issues", field: "only", kind: "list" },
  { flags: "--omit <ids>", help: "all but these issues", field: "omit", kind: "list" },
  { flags: "--severity <severity>", help: "minor, major or critical at least", field: "severity" },
];

const CATALOGUE_COLUMNS = [
  column("ID", "id"),
  column("Severity", "severity"),
  column("Description", "description"),
  column("Reference URL", "ref_url"),
];

interface Evaluation {
  readonly evaluation_result: readonly { readonly machineid: string; readonly issues: readonly string[] }[];
  readonly issues: readonly Doc[];
  readonly machines: readonly Doc[];
}

async function evaluate(id: string | undefined, flags: Flags): Promise<Evaluation> {
  const api = apiClient(flags);
  const { lastEventErrorThreshold: threshold } = flags;
  const filters = { ...requestFromFlags(FILTERS, flags), ...(id ? { id } : {}) };
  const [evaluated, issues, machines] = await Promise.all([
    api.post<Evaluation["evaluation_result"] | null>("/v1/machine/issues/evaluate", {
      ...filters,
      ...requestFromFlags(SELECTED, flags),
      ...(threshold && {
        last_error_threshold: durationOf(threshold, "--last-event-error-threshold") * NANOSECONDS_IN_MS,
      }),
    }),
    api.get<Doc[]>("/v1/machine/issues"),
    id ? api.get<Doc>(machinePath(id, "ipmi")).then((one) => [one]) : api.post<Doc[]>("/v1/machine/ipmi/find", filters),
  ]);
  return {
    evaluation_result: evaluated ?? [],
    issues,
    machines: sortBy(machines, flags["sortBy"], IPMI_SORT_KEYS, IPMI_SORT),
  };
}

function rowsOf({ evaluation_result: result, issues, machines }: Evaluation): Doc[] {
  const catalogue = new Map(issues.map((each) => [each["id"], each]));
  const byId = new Map(machines.map((machine) => [machine["id"], machine]));
  return result.flatMap(({ machineid, issues: found }) => {
    const machine = byId.get(machineid);
    if (!machine) return [];
    const known = found.map((id) => catalogue.get(id)).filter((each) => each !== undefined);
    return known.map((each, at): Doc => ({ ...machine, [ISSUE]: each, [FURTHER]: at > 0 }));
  });
}

export function addIssues(group: Command): void {
  const issues = addFlags(
    examples(
      group.command("issues [id]").description("machines that need a look, and why"),
      ["the worst alone", "--severity critical"],
      ["all but those known to be off", "--omit liveliness-not-available,liveliness-dead"],
      ["of one machine", "$MACHINE"],
    ),
    [...FILTERS, ERROR_THRESHOLD, ...SELECTED],
  );
  watchable(sortable(issues, IPMI_SORT_KEYS)).action(async (id: string | undefined, _, command: Command) => {
    const flags = command.optsWithGlobals<Flags>();
    const how = printing(flags);
    await show(flags, async () => {
      const found = await evaluate(id, flags);
      return isTabular(how.format) ? render(rowsOf(found), COLUMNS, how) : render<unknown>([found], [], how, true);
    });
  });
  const keys = { id: "id", severity: "severity" };
  const list = examples(issues.command("list").alias("ls").description("all issues there are"), [
    "by their names",
    "--sort-by id",
  ]);
  watchable(sortable(list, keys)).action(async (_, command: Command) => {
    const flags = command.optsWithGlobals<Flags>();
    const how = printing(flags);
    await show(flags, async () => {
      const found = await apiClient(flags).get<Doc[]>("/v1/machine/issues");
      const ranked = found.toSorted((a, b) => rank(a) - rank(b) || (field("id")(a) < field("id")(b) ? -1 : 1));
      const rows = flags["sortBy"] === undefined ? ranked : sortBy(found, flags["sortBy"], keys, "id");
      return render(rows, CATALOGUE_COLUMNS, how);
    });
  });
}

/** The worst come first. */
const rank = (each: Doc) => ["critical", "major", "minor"].indexOf(field("severity")(each));
