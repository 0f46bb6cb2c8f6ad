// `markdown`: a page for every command, from its declaration.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command, Option } from "commander";
import { exampleLines, examples, examplesOf, noteOf, pathOf } from "./examples.ts";

const DEFAULT_FOLDER = "docs";

export function addMarkdown(program: Command): void {
  examples(
    program.command("markdown [folder]").description("create markdown documentation: a page for every command"),
    ["in a folder of its own", "metalctl-docs"],
  ).action(async (folder: string = DEFAULT_FOLDER) => {
    // Only now everything is wanted; the module imports this one.
    const { createProgram } = await import("../program.ts");
    const pages = pagesOf(await createProgram());
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of pages) writeFileSync(join(folder, name), text);
    console.log(`${pages.length} pages in ${folder}; begin with ${pages[0]![0]}`);
  });
}

/** As the original names its pages. */
const fileOf = (command: Command) => `${pathOf(command).replaceAll(" ", "_")}.md`;

function pagesOf(command: Command): [name: string, text: string][] {
  return [[fileOf(command), pageOf(command)], ...command.commands.flatMap(pagesOf)];
}

function pageOf(command: Command): string {
  const { parent } = command;
  const related = [...(parent ? [parent] : []), ...command.commands];
  const link = (other: Command) => `- [${pathOf(other)}](${fileOf(other)}) – ${other.description()}`;

  return [
    `## ${pathOf(command)}`,
    command.description(),
    "```\n" + `${pathOf(command)} ${command.usage()}`.trim() + "\n```",
    ...(command.aliases().length > 0 ? [`Also: ${command.aliases().join(", ")}`] : []),
    ...(examplesOf(command).length > 0 ? ["### Examples", ["```sh", ...exampleLines(command), "```"].join("\n")] : []),
    ...(noteOf(command) ? [["```", noteOf(command)!.trim(), "```"].join("\n")] : []),
    ...flagsOf("Options", command.options),
    ...(parent ? flagsOf("Options inherited", inherited(parent)) : []),
    ...(related.length > 0 ? ["### See also", related.map(link).join("\n")] : []),
    "",
  ].join("\n\n");
}

const inherited = (command: Command): Option[] => [
  ...command.options,
  ...(command.parent ? inherited(command.parent) : []),
];

function flagsOf(title: string, options: readonly Option[]): string[] {
  if (options.length === 0) return [];
  const rows = options.map(({ flags, description, defaultValue }) => {
    const preset = typeof defaultValue === "string" ? ` (default ${defaultValue})` : "";
    return `| \`${flags.replaceAll("|", "\\|")}\` | ${(description + preset).replaceAll("|", "\\|")} |`;
  });
  return [`### ${title}`, ["| Flag | |", "| --- | --- |", ...rows].join("\n")];
}
