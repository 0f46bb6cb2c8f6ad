// `machine logs`: provisioning events.
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { age, longTime, truncate } from "../output/age.ts";
import { isTabular, printing, render, type Column } from "../output/printer.ts";
import { show, watchable } from "../output/watch.ts";
import { machinePath } from "../resources/machine-path.ts";
import { column, field, type Doc } from "../resources/resource.ts";
import { ERROR_THRESHOLD } from "../resources/machine.ts";
import { examples } from "./examples.ts";

const MESSAGE_SHOWN = 120;

const COLUMNS: readonly Column<Doc>[] = [
  { header: "Time", cell: (event) => longTime(field("time")(event)) },
  column("Event", "event"),
  {
    header: "Message",
    cell: (event, { wide }) => (wide ? field("message")(event) : firstLine(field("message")(event))),
  },
];

function firstLine(message: string): string {
  const [line = "", ...more] = message.split("\n");
  return truncate(more.length > 0 ? `${line} ...` : line, MESSAGE_SHOWN);
}

interface Events {
  readonly log?: Doc[] | null;
  readonly last_error_event?: Doc | null;
}

export function addMachineLogs(group: Command): void {
  const logs = examples(
    group.command("logs <id>").alias("log").description("provisioning events, newest first"),
    ["as they come", "$MACHINE --watch"],
    ["with an error of the last month", "$MACHINE --last-event-error-threshold 30d"],
  ).option(ERROR_THRESHOLD.flags, "how old the last error may be to be shown", "168h");
  watchable(logs).action(async (id: string, _, command: Command) => {
    const flags = command.optsWithGlobals<GlobalFlags>();
    const how = printing(flags);
    await show(flags, async () => {
      const { events } = await apiClient(flags).get<{ events?: Events | null }>(machinePath(id));
      const text = render(events?.log ?? [], COLUMNS, how);
      const error = events?.last_error_event;
      const old = Date.now() - Date.parse(field("time")(error ?? {}));
      if (!isTabular(how.format) || !error || !(old <= how.look.errorThreshold)) return text;
      return `${text}\n\nRecent last error (${age(field("time")(error))} ago):\n\n${render([error], COLUMNS, how)}`;
    });
  });
}
