// `context`: which API and which credentials count.
import { homedir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { configPath, readConfigFile, writeConfigFile, type GlobalFlags } from "../configuration.ts";
import { printing, render } from "../output/printer.ts";
import { column, type Doc } from "../resources/resource.ts";

export function addContextCommands(program: Command): void {
  program
    .command("context [name]")
    .alias("ctx")
    .description("list contexts, or switch to one; - for the previous, short for the name only")
    .action((name: string | undefined, _, command: Command) => {
      const flags = command.optsWithGlobals<GlobalFlags>();
      const path = configPath(flags.config) ?? join(homedir(), ".metalctl", "config.yaml");
      const config = readConfigFile(path);
      if (name === "short") return console.log(config.current ?? "");
      if (name === undefined) {
        const rows: Doc[] = Object.entries(config.contexts ?? {}).map(([key, context]) => ({
          ...context,
          name: key === config.current ? `${key} [*]` : key,
          hmac: undefined,
        }));
        return console.log(
          render(
            rows,
            [column("Name", "name"), column("API URL", "url"), column("Issuer URL", "issuer_url")],
            printing(flags),
          ),
        );
      }
      const target = name === "-" ? config.previous : name;
      if (!target || !config.contexts?.[target]) throw new Error(`there is no context "${target ?? "-"}" in ${path}`);
      writeConfigFile(path, {
        ...config,
        current: target,
        ...(config.current === undefined ? {} : { previous: config.current }),
      });
      console.log(`switched to ${target}`);
    });
}
