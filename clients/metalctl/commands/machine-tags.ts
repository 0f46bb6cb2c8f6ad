// `machine update`: description and tags.
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { printing, render } from "../output/printer.ts";
import { machine } from "../resources/machine.ts";
import { machinePath } from "../resources/machine-path.ts";
import { changed, type Doc, type Flag } from "../resources/resource.ts";
import { addFlags } from "./request.ts";

type Flags = GlobalFlags & {
  readonly description?: string;
  readonly addTags?: string[];
  readonly removeTags?: string[];
};

const FLAGS: readonly Flag[] = [
  { flags: "--description <text>", help: "description", field: "description" },
  { flags: "--add-tags <tags>", help: "tags to add", field: "add", kind: "list" },
  { flags: "--remove-tags <tags>", help: "tags to remove", field: "remove", kind: "list" },
];

export function addMachineUpdate(group: Command): void {
  addFlags(group.command("update <id>").description("change description and tags of a machine"), FLAGS).action(
    async (id: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const api = apiClient(flags);
      const stored = await api.get<Doc>(machinePath(id));
      const { description } = (stored["allocation"] ?? {}) as { description?: string };
      const updated = await api.post<Doc>("/v1/machine", {
        id,
        // Whoever leaves it out clears it.
        description: flags.description ?? description ?? "",
        tags: changed((stored["tags"] ?? []) as string[], flags.addTags ?? [], flags.removeTags ?? []),
      });
      console.log(render([updated], machine.columns, printing(flags, "yaml"), true));
    },
  );
}
