// The command tree, put together.
import { Command } from "commander";
import { addAuditCommands } from "./commands/audit.ts";
import { addContextCommands } from "./commands/context.ts";
import { addResource } from "./commands/crud.ts";
import { addFirewallCommands } from "./commands/firewall.ts";
import { addFirmwareCommands } from "./commands/firmware.ts";
import { addGeneralCommands, CLIENT_VERSION } from "./commands/general.ts";
import { addMachineCommands } from "./commands/machine.ts";
import { addNetworkCommands } from "./commands/network.ts";
import { addPartitionCommands } from "./commands/partition.ts";
import { addSizeCommands } from "./commands/size.ts";
import { addSwitchCommands } from "./commands/switch.ts";
import { addVpnCommands } from "./commands/vpn.ts";
import { bindEnvironment } from "./environment.ts";
import { FORMATS } from "./output/printer.ts";
import { filesystemLayout, image, project, tenant } from "./resources/catalogue.ts";

/** The whole program; it prints help and errors itself and never ends the process. */
export function createProgram(): Command {
  const program = new Command("metalctl")
    .description("metalctl steers the metal-stack API")
    .option("-c, --config <file>", "alternative config file")
    .option("--api-url <url>", "the API, instead of the context's")
    .option("--api-token <token>", "a bearer token, instead of the context's credentials")
    .option("--kubeconfig <file>", "where the token of the log-in is, instead of $KUBECONFIG or ~/.kube/config")
    .option("-o, --output-format <format>", FORMATS.join("|"))
    .option("--template <template>", "fields for -o template, e.g. '{{ .id }}'")
    .option("--no-headers", "tables without header")
    .option("--yes-i-really-mean-it", "for what cannot be undone")
    .showHelpAfterError()
    .exitOverride();
  program.version(CLIENT_VERSION, "--version");
  addMachineCommands(program);
  addFirewallCommands(program);
  addNetworkCommands(program);
  addPartitionCommands(program);
  addSizeCommands(program);
  for (const resource of [image, filesystemLayout, project, tenant]) addResource(program, resource);
  addSwitchCommands(program);
  addFirmwareCommands(program);
  addVpnCommands(program);
  addAuditCommands(program);
  addContextCommands(program);
  addGeneralCommands(program);
  bindEnvironment(program);
  return program;
}
