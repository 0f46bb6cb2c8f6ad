// Keys for the VPN of a project.
import type { Command } from "commander";
import { apiClient, type GlobalFlags } from "../configuration.ts";
import { field, type Doc } from "../resources/resource.ts";
import { examples } from "./examples.ts";

export function addVpnCommands(program: Command): void {
  examples(
    program
      .command("vpn")
      .description("access to the VPN of a project")
      .command("key")
      .description("a key with which one client may join, for an hour"),
    ["to debug a firewall", "--project $PROJECT --reason 'firewall does not answer'"],
  )
    .requiredOption("--project <id>", "whose VPN")
    .requiredOption("--reason <text>", "why you need it")
    .option("--ephemeral", "the client is forgotten when it is away", true)
    .option("--no-ephemeral", "the client stays known when it is away")
    .action(async (_, command: Command) => {
      const flags = command.optsWithGlobals<GlobalFlags & { project: string; reason: string; ephemeral: boolean }>();
      const { project: pid, reason, ephemeral } = flags;
      const answer = await apiClient(flags).post<Doc>("/v1/vpn/authkey", { pid, reason, ephemeral });
      console.log(field("auth_key")(answer));
    });
}
