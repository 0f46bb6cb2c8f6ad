// `completion`: what may come next. It reads the declarations of the commands, and asks the API for ids.
import type { Command, Option } from "commander";
import { configPath, readConfigFile, type GlobalFlags } from "../configuration.ts";
import { type Candidate, idsOf, nounOf, valuesOf } from "./completion-values.ts";
import { SCRIPTS } from "./completion-scripts.ts";
import { type Example, examples } from "./examples.ts";

/** Nobody waits longer for a tab; what is not there by then is not offered. */
const PATIENCE_MS = 2_000;

/** How a shell is told for good. */
const SETUP: Readonly<Record<string, Example>> = {
  bash: ["for all of your shells to come", "> ~/.local/share/bash-completion/completions/metalctl"],
  zsh: ["for all of your shells to come", '> "${fpath[1]}/_metalctl"'],
  fish: ["for all of your shells to come", "> ~/.config/fish/completions/metalctl.fish"],
};

export function addCompletion(program: Command): void {
  const group = program.command("completion").description("completion of commands, flags and ids for a shell");
  for (const [shell, script] of Object.entries(SCRIPTS))
    examples(group.command(shell).description(`the completion of ${shell}, to be sourced`), SETUP[shell]!)
      .option("--no-descriptions", "only words")
      .action(({ descriptions }: { descriptions: boolean }) =>
        console.log(descriptions ? script : script.replaceAll("__complete", "__completeNoDesc")),
      );
}

/**
 * The answer to `metalctl __complete …`: a line a candidate, its help after a tab. Never an error: a shell that waits for
 * words must not be told stories.
 */
export async function complete(program: Command, words: readonly string[], descriptions: boolean): Promise<string> {
  const late = new Promise<Candidate[]>((resolve) => setTimeout(resolve, PATIENCE_MS, []).unref());
  const found = await Promise.race([candidates(program, words).catch(() => []), late]);
  // The control characters that a name may hold would end a line, or worse.
  const clean = (text: string) => text.replaceAll(/[\p{Cc}\s]+/gu, " ");
  return found
    .filter(([word]) => word !== "" && word === clean(word))
    .map(([word, help]) => (descriptions && help ? `${word}\t${clean(help)}\n` : `${word}\n`))
    .join("");
}

/** What may stand in the place of the last word. */
async function candidates(program: Command, words: readonly string[]): Promise<Candidate[]> {
  const last = words.at(-1) ?? "";
  const { at, takes, flags, given } = read(program, words.slice(0, -1));
  const assigned = /^(--[^=]+=)(.*)$/.exec(last);
  const option = takes ?? (assigned ? optionOf(at, assigned[1]!.slice(0, -1)) : undefined);
  const found = option ? await valuesOf(option, at, given, flags) : await wordsOf(at, last, flags, given);
  const before = !takes && assigned ? assigned[1]! : listBefore(option, last);
  return found
    .map(([word, help]): Candidate => [before + word, help])
    .filter(([word]) => word.toLowerCase().startsWith(last.toLowerCase()));
}

/** Values that are done in a list: "a,b," of "a,b,c". */
const listBefore = (option: Option | undefined, last: string) =>
  option ? last.slice(0, last.lastIndexOf(",") + 1) : "";

/** Which command the words lead to, the flags they set, the flag that waits for its value, and the arguments. */
function read(program: Command, words: readonly string[]) {
  const flags: Record<string, unknown> = { ...program.opts<GlobalFlags>() };
  let at = program;
  let takes: Option | undefined;
  const given: string[] = [];
  for (const word of words) {
    if (takes) {
      flags[takes.attributeName()] = word;
      takes = undefined;
    } else if (word.startsWith("-")) {
      const [name = "", ...value] = word.split("=");
      const option = optionOf(at, name);
      if (!option) continue;
      if (value.length > 0) flags[option.attributeName()] = value.join("=");
      else if (option.required || option.optional) takes = option;
    } else {
      const below = at.commands.find((command) => command.name() === word || command.aliases().includes(word));
      if (below) at = below;
      else given.push(word);
    }
  }
  return { at, takes, flags: flags as GlobalFlags, given };
}

/** The options of a command and of all above it. */
function optionsOf(command: Command): Option[] {
  return [...command.options, ...(command.parent ? optionsOf(command.parent) : [])];
}

const optionOf = (command: Command, name: string) =>
  optionsOf(command).find(({ long, short }) => name === long || name === short);

async function wordsOf(at: Command, last: string, flags: GlobalFlags, given: readonly string[]): Promise<Candidate[]> {
  if (last.startsWith("-"))
    return optionsOf(at)
      .filter(({ hidden }) => !hidden)
      .map(({ long, description }) => [long ?? "", description]);
  const below =
    given.length > 0 ? [] : at.commands.map((command): Candidate => [command.name(), command.description()]);
  if (at.name() === "context" && given.length === 0) return [...below, ...contexts(flags)];
  const argument = at.registeredArguments[given.length];
  if (!argument || argument.name() === "file") return below;
  // Groups such as `machine ipmi` take an id as well as a command.
  return [...below, ...(await idsOf(nounOf(at), flags).catch(() => []))];
}

function contexts(flags: GlobalFlags): Candidate[] {
  const found = readConfigFile(configPath(flags.config)).contexts ?? {};
  return Object.entries(found).map(([name, { url }]) => [name, url ?? ""]);
}
