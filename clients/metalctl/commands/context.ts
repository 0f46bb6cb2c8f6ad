// `context`: which API and which credentials count. The file is the original's (reference/platform-services.md 3.1).
import type { Command } from "commander";
import { configPath, readConfigFile, writeConfigFile, type ConfigFile, type GlobalFlags } from "../configuration.ts";
import { Refusal } from "../errors.ts";
import { isTabular, print, printing, render } from "../output/printer.ts";
import { column, type Doc } from "../resources/resource.ts";
import { examples, note } from "./examples.ts";

const FILE = `~/.metalctl/config.yaml:

current: prod
contexts:
  prod:
    url: https://api.example.org/metal
    issuer_url: https://dex.example.org/dex
    client_id: metal_client
    client_secret: "456"
  lab:
    url: http://localhost:8080/metal
    hmac: "789"
`;

const COLUMNS = [column("Name", "name"), column("API URL", "url"), column("Issuer URL", "issuer_url")];

export function addContextCommands(program: Command): void {
  const group = examples(
    program.command("context [name]").alias("ctx").description("list contexts, or switch to one; - for the previous"),
    ["all of the config file", ""],
    ["speak to another API from now on", "prod"],
    ["and back again", "-"],
  );
  note(group, FILE).action((name: string | undefined, _, command: Command) => {
    const flags = command.optsWithGlobals<GlobalFlags>();
    if (name === undefined) list(flags);
    else choose(name, flags);
  });
  examples(group.command("list").alias("ls").description("all contexts; the current one is marked"), [
    "as YAML",
    "-o yaml",
  ]).action((_, command: Command) => list(command.optsWithGlobals<GlobalFlags>()));
  examples(group.command("short").description("only the name of the current context"), [
    "for a shell's prompt",
    "",
  ]).action((_, command: Command) => console.log(open(command.optsWithGlobals<GlobalFlags>()).config.current ?? ""));
}

function open(flags: GlobalFlags): { path: string; config: ConfigFile } {
  const path = configPath(flags.config);
  if (!path)
    throw new Refusal("there is no config.yaml in /etc/metalctl, ~/.metalctl or this folder", {
      next: "see how it should look: metalctl context --help",
    });
  return { path, config: readConfigFile(path) };
}

function list(flags: GlobalFlags): void {
  const { config } = open(flags);
  const how = printing(flags);
  const mark = (name: string) => (isTabular(how.format) && name === config.current ? `${name} [*]` : name);
  // Credentials stay in the file.
  const rows = Object.entries(config.contexts ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { url, issuer_url }]): Doc => ({ name: mark(name), url, issuer_url }));
  print(render(rows, COLUMNS, how));
}

function choose(name: string, flags: GlobalFlags): void {
  const { path, config } = open(flags);
  const target = name === "-" ? config.previous : name;
  if (!target) throw new Refusal("there is no previous context");
  if (!config.contexts?.[target])
    throw new Refusal(`there is no context "${target}" in ${path}`, {
      next: `choose one of ${Object.keys(config.contexts ?? {})
        .toSorted()
        .join(", ")}`,
    });
  if (target === config.current) return console.log(`✔ context "${target}" already active`);
  writeConfigFile(path, { ...config, current: target, previous: config.current ?? "" });
  console.log(`✔ switched context to "${target}"`);
}
