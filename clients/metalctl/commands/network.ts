import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { printing, render } from "../output/printer.ts";
import { ALLOCATE_FLAGS, ip, network } from "../resources/network.ts";
import type { Doc } from "../resources/resource.ts";
import { addResource } from "./crud.ts";
import { addFlags, requestFromFlags } from "./request.ts";

type Flags = GlobalFlags & Record<string, unknown>;

/** Adds `network`, `network allocate`, `network free` and `network ip`. */
export function addNetworkCommands(program: Command): void {
  const group = addResource(program, network);
  addFlags(group.command("allocate").description("a private network for a project"), ALLOCATE_FLAGS)
    .option("--dmz", "shared, with NAT and the default route")
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const dmz = flags["dmz"] === true ? { shared: true, nat: true, destinationprefixes: ["0.0.0.0/0"] } : {};
      const made = await apiClient(flags).post<Doc>("/v1/network/allocate", {
        ...requestFromFlags(ALLOCATE_FLAGS, flags),
        ...dmz,
      });
      console.log(render([made], network.columns, printing(flags, "yaml"), true));
    });
  group
    .command("free <id>")
    .description("give a private network back")
    .action(async (id: string, _, command: Command) => {
      const flags = command.optsWithGlobals<Flags>();
      const freed = await apiClient(flags).delete<Doc>(`/v1/network/free/${encodeURIComponent(id)}`);
      console.log(render([freed], network.columns, printing(flags, "yaml"), true));
    });
  addResource(group, ip);
}
