// Firmware files: which there are, bringing and removing them, and giving one to a machine.
import { openAsBlob } from "node:fs";
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { print, printing, render } from "../output/printer.ts";
import { show, watchable } from "../output/watch.ts";
import { machine } from "../resources/machine.ts";
import { machinePath } from "../resources/machine-path.ts";
import { column, type Doc } from "../resources/resource.ts";
import { reallyMeant } from "./prompt.ts";
import { examples } from "./examples.ts";

type Flags = GlobalFlags & Readonly<Record<"kind" | "vendor" | "board" | "revision" | "machineid", string>>;
type Revisions = Record<string, { VendorRevisions: Record<string, { BoardRevisions: Record<string, string[]> }> }>;

const KINDS = ["bios", "bmc"] as const;
const COLUMNS = ["Kind", "Vendor", "Board", "Revision"].map((header) => column(header, header.toLowerCase()));

const pathOf = (flags: Flags) =>
  `/v1/firmware/${[flags.kind, flags.vendor, flags.board, flags.revision].map(encodeURIComponent).join("/")}`;

const named = (command: Command): Command =>
  command
    .requiredOption("--vendor <vendor>", "the vendor")
    .requiredOption("--board <board>", "the board type")
    .requiredOption("--revision <revision>", "the firmware revision");

export function addFirmwareCommands(program: Command): void {
  const group = program.command("firmware").description("list, upload and remove firmwares");
  const list = examples(
    group.command("list").alias("ls").description("list firmwares"),
    ["those for one board", "--kind bios --vendor supermicro --board x11dpt-b"],
    ["those that fit a machine", "--machineid $MACHINE"],
  )
    .option("--kind <kind>", "bmc or bios")
    .option("--vendor <vendor>", "the vendor")
    .option("--board <board>", "the board type")
    .option("--machineid <id>", "what this machine runs (ignores vendor and board)");
  watchable(list).action(async (_, command: Command) => {
    const flags = command.optsWithGlobals<Flags>();
    const how = printing(flags);
    const { kind, vendor, board, machineid } = flags;
    const asked = Object.entries({ kind, vendor, board, "machine-id": machineid }).filter(([, value]) => value);
    const query = new URLSearchParams(asked).toString();
    await show(flags, async () => {
      const { revisions } = await apiClient(flags).get<{ revisions: Revisions }>(`/v1/firmware?${query}`);
      return render(rowsOf(revisions), COLUMNS, how);
    });
  });

  const upload = group.command("upload").description("upload a firmware");
  for (const kind of KINDS)
    named(
      examples(upload.command(`${kind} <file>`).description(`upload a ${kind.toUpperCase()} firmware`), [
        "for a board",
        "firmware.bin --vendor supermicro --board x11dpt-b --revision 3.5",
      ]),
    ).action(async (file: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const form = { file: await openAsBlob(file) };
      await apiClient(flags).request("PUT", pathOf({ ...flags, kind }), { form });
    });

  named(
    examples(group.command("delete").aliases(["destroy", "rm", "remove"]).description("delete a firmware"), [
      "one revision",
      "--kind bios --vendor supermicro --board x11dpt-b --revision 3.4",
    ]),
  )
    .requiredOption("--kind <kind>", "bmc or bios")
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      await apiClient(flags).delete(pathOf(flags));
    });
}

function rowsOf(revisions: Revisions): Doc[] {
  return Object.entries(revisions).flatMap(([kind, { VendorRevisions: vendors }]) =>
    Object.entries(vendors).flatMap(([vendor, { BoardRevisions: boards }]) =>
      Object.entries(boards).flatMap(([board, all]) => all.map((revision) => ({ kind, vendor, board, revision }))),
    ),
  );
}

/** `machine reinstall` and `machine update-firmware`: what replaces something in a machine. */
export function addMachineUpdates(machines: Command): void {
  examples(
    machines
      .command("reinstall <id>")
      .description("install an operating system again; addresses and all but the disks of the system stay"),
    ["with a newer image", "$MACHINE --image debian-12.0.20261101 -d 'new kernel'"],
  )
    .requiredOption("--image <id>", "exactly this image")
    .option("-d, --description <text>", "why")
    .action(async (id: string, _, command: Command) => {
      const flags = command.optsWithGlobals<GlobalFlags & { image: string; description?: string }>();
      const body = { id, imageid: flags.image, description: flags.description };
      const answer = await apiClient(flags).post<Doc>(machinePath(id, "reinstall"), body);
      print(render([answer], machine.columns, printing(flags), true));
    });

  const update = machines
    .command("update-firmware")
    .alias("firmware-update")
    .description("update the firmware of a machine");
  for (const kind of KINDS)
    examples(
      update
        .command(`${kind} <id>`)
        .description(`update the ${kind.toUpperCase()} firmware; see how it goes with: machine jobs`),
      ["to a revision that was uploaded", "$MACHINE --revision 3.5 -d 'security fix'"],
    )
      .requiredOption("--revision <revision>", "the firmware revision")
      .option("-d, --description <text>", "why", "")
      .action(async (id: string, _, command: Command) => {
        const flags = command.optsWithGlobals<GlobalFlags & { revision: string; description: string }>();
        await reallyMeant("The machine may not survive a new firmware; do not switch it off before it is done.", flags);
        const { revision, description } = flags;
        const path = `/v1/machine/update-firmware/${encodeURIComponent(id)}`;
        const answer = await apiClient(flags).post<Doc>(path, { kind, revision, description });
        print(render([answer], machine.columns, printing(flags), true));
      });
}
