// `size` with what belongs to it: reservations, image constraints, and a suggestion for a machine.
import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { print, printing, render } from "../output/printer.ts";
import { sortable, sortBy } from "../output/sort.ts";
import { show, watchable } from "../output/watch.ts";
import { size } from "../resources/catalogue.ts";
import type { Doc, Flag } from "../resources/resource.ts";
import {
  RESERVATION_USAGE_COLUMNS,
  RESERVATION_USAGE_FILTERS,
  RESERVATION_USAGE_KEYS,
  sizeImageConstraint,
  sizeReservation,
} from "../resources/size-rules.ts";
import { addResource } from "./crud.ts";
import { addFlags, requestFromFlags } from "./request.ts";
import { examples } from "./examples.ts";

type Flags = GlobalFlags & Record<string, unknown>;

export function addSizeCommands(program: Command): void {
  const group = addResource(program, size);
  addSuggest(group);
  addUsage(addResource(group, sizeReservation));
  addTry(addResource(group, sizeImageConstraint));
}

const LABELS: readonly Flag[] = [{ flags: "--labels <labels>", help: "key=value", field: "labels", kind: "labels" }];

function addSuggest(group: Command): void {
  const suggest = examples(group.command("suggest [id]").description("a size that a machine is of"), [
    "to be created",
    "c1-large-x86 --machine-id $MACHINE --labels vendor=supermicro > size.yaml",
  ])
    .requiredOption("--machine-id <id>", "the machine")
    .option("--name <name>", "name of the size", "suggested-size")
    .option("--description <text>", "description of the size", "a suggested size");
  addFlags(suggest, LABELS).action(async (id: string | undefined, _, command: Command) => {
    const flags = command.optsWithGlobals<Flags>();
    const { name, description } = flags as { name?: string; description?: string };
    const constraints = await apiClient(flags).post<Doc[]>("/v1/size/suggest", { machineID: flags["machineId"] });
    const { labels = {} } = requestFromFlags(LABELS, flags);
    const suggested = { id: id ?? randomUUID(), name, description, constraints, labels };
    print(render([suggested], size.columns, printing(flags, "yaml"), true));
  });
}

function addUsage(group: Command): void {
  const usage = examples(group.command("usage").description("see current usage of size reservations"), [
    "of a project",
    "--project $PROJECT",
  ]);
  const list = sortable(addFlags(usage, RESERVATION_USAGE_FILTERS), RESERVATION_USAGE_KEYS);
  watchable(list).action(async (_, command: Command) => {
    const flags = command.optsWithGlobals<Flags>();
    const how = printing(flags);
    const query = requestFromFlags(RESERVATION_USAGE_FILTERS, flags);
    await show(flags, async () => {
      const found = await apiClient(flags).post<Doc[] | null>("/v1/size/reservations/usage", query);
      const rows = sortBy(found ?? [], flags["sortBy"], RESERVATION_USAGE_KEYS, "project,size,partition,id");
      return render(rows, RESERVATION_USAGE_COLUMNS, how);
    });
  });
}

function addTry(group: Command): void {
  examples(group.command("try").description("try if size and image can be allocated"), [
    "before a machine is created",
    "--size c1-large-x86 --image debian-12.0.20261101",
  ])
    .requiredOption("--size <id>", "the size")
    .requiredOption("--image <id>", "the image")
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      await apiClient(flags).post("/v1/size-image-constraint/try", { size: flags["size"], image: flags["image"] });
      console.log("allocation is possible");
    });
}
