// Proof of erased disks, and what to do when it fails.
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { print, printing, render, type Column } from "../output/printer.ts";
import { show, watchable } from "../output/watch.ts";
import { machine } from "../resources/machine.ts";
import { machinePath } from "../resources/machine-path.ts";
import { column, field, type Doc } from "../resources/resource.ts";
import { reallyMeant } from "./prompt.ts";
import { examples } from "./examples.ts";

type Flags = GlobalFlags & { readonly reason?: string };

const RECORD_COLUMNS: readonly Column<Doc>[] = [
  column("ID", "id", "wide"),
  column("Recorded", "recorded"),
  column("Disk", "disk.name"),
  column("Serial", "disk.serial"),
  column("Model", "disk.model", "wide"),
  column("Size", "disk.size", "wide"),
  column("Method", "method"),
  column("Sampled", "sectorssampled"),
  { header: "Result", cell: (doc) => [field("result")(doc), field("reason")(doc)].filter(Boolean).join(": ") },
  { header: "Of", cell: (doc) => field("allocationuuid")(doc) || field("occasion")(doc) },
  column("Tried Before", "attempts", "wide"),
  column("Hammer", "hammerversion", "wide"),
  column("Key", "keyid", "wide"),
];

const KEY_COLUMNS: readonly Column<Doc>[] = [
  column("ID", "id"),
  column("Created", "created"),
  column("Public Key", "public_key", "wide"),
];

async function list(command: Command, path: string, columns: readonly Column<Doc>[]): Promise<void> {
  const flags = command.optsWithGlobals<Flags>();
  const how = printing(flags);
  await show(flags, async () => render(await apiClient(flags).get<Doc[]>(path), columns, how));
}

export function addErase(group: Command): void {
  const records = examples(
    group
      .command("erase-records <id>")
      .description("signed records of how and when each disk was erased, newest first; also of machines that are gone"),
    ["with all that was tried", "$MACHINE -o wide"],
  );
  watchable(records).action((id: string, _, command: Command) =>
    list(command, machinePath(id, "erase-records"), RECORD_COLUMNS),
  );

  const keys = examples(
    group
      .command("erase-record-keys")
      .description("the public keys that erase records are verified with, newest first"),
    ["to verify records with", "-o json"],
  );
  watchable(keys).action((_, command: Command) => list(command, "/v1/machine/erase-record-keys", KEY_COLUMNS));

  examples(
    group.command("erase-retry <id>").description("erase a quarantined machine again, or one that was given up"),
    ["after a repair", "$MACHINE --reason 'cable replaced'"],
  )
    .option("--reason <text>", "why; it is kept with the release and in the audit")
    .action(async (id: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const body = flags.reason === undefined ? {} : { reason: flags.reason };
      const answer = await apiClient(flags).post<Doc>(machinePath(id, "erase-retry"), body);
      print(render([answer], machine.columns, printing(flags), true));
    });

  examples(
    group
      .command("erase-override <id>")
      .description("let a quarantined machine go without proof; its last tenant's data may still be on it"),
    ["when the disk is another", "$MACHINE --reason 'disk replaced, the old one was shredded'"],
  )
    .requiredOption("--reason <text>", "why nobody's data is at risk; it is kept with the machine and in the audit")
    .action(async (id: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      await reallyMeant(
        "The last tenant's data may still be on the disks of this machine; the next tenant would have it.",
        flags,
      );
      const answer = await apiClient(flags).post<Doc>(machinePath(id, "erase-override"), { reason: flags.reason });
      print(render([answer], machine.columns, printing(flags), true));
    });
}
