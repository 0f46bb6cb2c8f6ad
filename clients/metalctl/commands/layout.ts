// `filesystemlayout`, and which layout a machine would get.
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { print, printing, render } from "../output/printer.ts";
import { filesystemLayout } from "../resources/catalogue.ts";
import type { Doc } from "../resources/resource.ts";
import { addResource } from "./crud.ts";
import { examples } from "./examples.ts";

type Flags = GlobalFlags & { size: string; image: string; machine: string; filesystemlayout: string };

export function addLayoutCommands(program: Command): void {
  const group = addResource(program, filesystemLayout);
  const ask = async (flags: Flags, path: string, body: object) => {
    const found = await apiClient(flags).post<Doc>(`/v1/filesystemlayout/${path}`, body);
    print(render([found], filesystemLayout.columns, printing(flags), true));
  };
  examples(group.command("try").description("try to detect a filesystemlayout by given size and image"), [
    "what a machine would get",
    "--size c1-large-x86 --image debian-12.0.20261101",
  ])
    .requiredOption("--size <id>", "the size")
    .requiredOption("--image <id>", "the image")
    .action((_, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      return ask(flags, "try", { size: flags.size, image: flags.image });
    });
  examples(group.command("match").description("check if the given machine matches the given filesystemlayout"), [
    "before it is given to a machine",
    "--machine $MACHINE --filesystemlayout default",
  ])
    .requiredOption("--machine <id>", "the machine")
    .requiredOption("--filesystemlayout <id>", "the filesystemlayout")
    .action((_, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      return ask(flags, "matches", { machine: flags.machine, filesystemlayout: flags.filesystemlayout });
    });
}
