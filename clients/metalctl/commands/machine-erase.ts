// Proof of erased disks, and what to do when it fails.
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { printing, render, type Column } from "../output/printer.ts";
import { machine } from "../resources/machine.ts";
import { machinePath } from "../resources/machine-path.ts";
import { column, field, type Doc } from "../resources/resource.ts";
import { reallyMeant } from "./prompt.ts";

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

export function addErase(group: Command): void {
  group
    .command("erase-records <id>")
    .description("signed records of how and when each disk was erased, newest first; also of machines that are gone")
    .action(async (id: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const records = await apiClient(flags).get<Doc[]>(machinePath(id, "erase-records"));
      console.log(render(records, RECORD_COLUMNS, printing(flags)));
    });

  group
    .command("erase-record-keys")
    .description("the public keys that erase records are verified with, newest first")
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const keys = await apiClient(flags).get<Doc[]>("/v1/machine/erase-record-keys");
      console.log(render(keys, KEY_COLUMNS, printing(flags)));
    });

  group
    .command("erase-retry <id>")
    .description("erase a quarantined machine again, or one that was given up")
    .option("--reason <text>", "why; it is kept with the release and in the audit")
    .action(async (id: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const body = flags.reason === undefined ? {} : { reason: flags.reason };
      const answer = await apiClient(flags).post<Doc>(machinePath(id, "erase-retry"), body);
      console.log(render([answer], machine.columns, printing(flags), true));
    });

  group
    .command("erase-override <id>")
    .description("let a quarantined machine go without proof; its last tenant's data may still be on it")
    .requiredOption("--reason <text>", "why nobody's data is at risk; it is kept with the machine and in the audit")
    .action(async (id: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      await reallyMeant(
        "The last tenant's data may still be on the disks of this machine; the next tenant would have it.",
        flags,
      );
      const answer = await apiClient(flags).post<Doc>(machinePath(id, "erase-override"), { reason: flags.reason });
      console.log(render([answer], machine.columns, printing(flags), true));
    });
}
