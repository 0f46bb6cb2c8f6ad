// `partition` and its capacity.
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { type Column, isTabular, printing, render } from "../output/printer.ts";
import { sortable, sortBy } from "../output/sort.ts";
import { show, watchable } from "../output/watch.ts";
import { partition } from "../resources/catalogue.ts";
import type { Doc, Flag } from "../resources/resource.ts";
import { addResource } from "./crud.ts";
import { addFlags, requestFromFlags } from "./request.ts";
import { examples } from "./examples.ts";

type Flags = GlobalFlags & Record<string, unknown>;

const FILTERS: readonly Flag[] = [
  { flags: "--id <id>", help: "only this partition", field: "id" },
  { flags: "--size <id>", help: "only this size", field: "sizeid" },
  {
    flags: "--project-id <id>",
    help: "machines that are reserved for this project count as free, too",
    field: "projectid",
  },
];

const COUNTERS =
  "allocated free unavailable reservations usedreservations total faulty phoned_home waiting other".split(" ");

/** A line of the table: a size in a partition, or the sum of all. */
interface Line {
  readonly partition: string;
  readonly size: string;
  readonly count: Readonly<Record<string, number>>;
}

/** A counter that is absent is 0. */
function linesOf(capacities: readonly Doc[]): Line[] {
  return capacities.flatMap(({ id, servers }) =>
    ((servers ?? []) as Doc[]).map((server) => ({
      partition: String(id),
      size: String(server["size"]),
      count: Object.fromEntries(COUNTERS.map((key) => [key, Number(server[key] ?? 0)])),
    })),
  );
}

function totalOf(lines: readonly Line[]): Line {
  const sum = (key: string) => lines.reduce((total, { count }) => total + count[key]!, 0);
  return { partition: "Total", size: "", count: Object.fromEntries(COUNTERS.map((key) => [key, sum(key)])) };
}

const counter = (header: string, key: string, only?: "wide"): Column<Line> => ({
  header,
  cell: ({ count }) => String(count[key]),
  ...(only && { in: only }),
});
const DIVIDER: Column<Line> = { header: "|", cell: () => "|" };

function reservations({ size, count: { reservations = 0, usedreservations = 0 } }: Line): string {
  const left = String(reservations - usedreservations);
  return size === "" || reservations === 0 ? left : `${left} (${usedreservations}/${reservations} used)`;
}

const COLUMNS: readonly Column<Line>[] = [
  { header: "Partition", cell: ({ partition }) => partition },
  { header: "Size", cell: ({ size }) => size },
  counter("Allocated", "allocated"),
  counter("Free", "free"),
  counter("Unavailable", "unavailable"),
  { header: "Reservations", cell: reservations },
  DIVIDER,
  counter("Total", "total"),
  DIVIDER,
  counter("Faulty", "faulty"),
  counter("Phoned Home", "phoned_home", "wide"),
  counter("Waiting", "waiting", "wide"),
  counter("Other", "other", "wide"),
];

const SORT_KEYS = { id: "id", name: "name", description: "description" };

/** Adds `partition` and `partition capacity`. */
export function addPartitionCommands(program: Command): void {
  const group = addResource(program, partition);
  const capacity = addFlags(
    examples(
      group.command("capacity").description("show partition capacity"),
      ["of all", ""],
      ["what a project can have", "--id fra-equ01 --size c1-large-x86 --project-id $PROJECT"],
    ),
    FILTERS,
  );
  watchable(sortable(capacity, SORT_KEYS)).action(async (_, command: Command) => {
    const flags = command.optsWithGlobals<Flags>();
    const how = printing(flags);
    await show(flags, async () => {
      const answer = await apiClient(flags).post<Doc[]>("/v1/partition/capacity", requestFromFlags(FILTERS, flags));
      const found = sortBy(answer, flags["sortBy"], SORT_KEYS, "id");
      if (!isTabular(how.format)) return render(found, [], how);
      const lines = linesOf(found);
      // Markdown has dividers of its own.
      const columns = how.format === "markdown" ? COLUMNS.filter((column) => column !== DIVIDER) : COLUMNS;
      return render([...lines, totalOf(lines)], columns, how);
    });
  });
}
